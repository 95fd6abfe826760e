//! What time the devnet believes it is; never reads the real clock itself.

/// Maps real time to block timestamps. All values are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Added to real time.
    offset: i64,
    /// Timestamp that the next block must have.
    next: Option<u64>,
    /// Distance between blocks, whatever real time says.
    interval: Option<u64>,
}

/// A timestamp that cannot be given to the next block.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("timestamp {asked} is not after the newest block's {newest}")]
pub(crate) struct TimestampTooOld {
    /// What was asked for.
    pub(crate) asked: u64,
    /// Timestamp of the newest block.
    pub(crate) newest: u64,
}

impl Clock {
    /// Devnet time when real time is `now`.
    pub(crate) fn time(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.offset)
    }

    /// Timestamp that a block after one at `newest` would get.
    pub(crate) fn peek(&self, now: u64, newest: u64) -> u64 {
        let wanted = match (self.next, self.interval) {
            (Some(next), _) => next,
            (None, Some(interval)) => newest.saturating_add(interval),
            (None, None) => self.time(now),
        };
        wanted.max(newest.saturating_add(1))
    }

    /// Takes the timestamp for a block after one at `newest`. A fixed timestamp moves the clock:
    /// time goes on from there.
    pub(crate) fn take(&mut self, now: u64, newest: u64) -> u64 {
        let timestamp = self.peek(now, newest);
        if self.next.take().is_some() {
            self.set(now, timestamp);
        }
        timestamp
    }

    /// Sets devnet time; returns the seconds by which it moved.
    pub(crate) fn set(&mut self, now: u64, to: u64) -> i64 {
        let before = self.offset;
        self.offset = difference(to, now);
        self.offset.saturating_sub(before)
    }

    /// Moves devnet time, counted from the newest block if that is ahead of it (blocks made faster
    /// than one a second are); returns the whole offset from real time.
    pub(crate) fn increase(&mut self, now: u64, newest: u64, seconds: u64) -> i64 {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.offset = self.offset.max(difference(newest, now)).saturating_add(seconds);
        self.offset
    }

    /// Fixes the timestamp of the next block.
    pub(crate) fn set_next(&mut self, asked: u64, newest: u64) -> Result<(), TimestampTooOld> {
        if asked <= newest {
            return Err(TimestampTooOld { asked, newest });
        }
        self.next = Some(asked);
        Ok(())
    }

    /// Makes blocks `seconds` apart; `None` follows real time again. Returns whether there was an
    /// interval before.
    pub(crate) fn set_interval(&mut self, seconds: Option<u64>) -> bool {
        std::mem::replace(&mut self.interval, seconds).is_some()
    }
}

fn difference(a: u64, b: u64) -> i64 {
    let clamp = |x: u64| i64::try_from(x).unwrap_or(i64::MAX);
    clamp(a).saturating_sub(clamp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_always_rise() {
        let mut clock = Clock::default();
        assert_eq!(clock.take(100, 50), 100);
        assert_eq!(clock.take(100, 100), 101);
        assert_eq!(clock.take(100, 101), 102);
    }

    #[test]
    fn a_fixed_timestamp_moves_time_on() {
        let mut clock = Clock::default();
        assert_eq!(clock.set_next(100, 100), Err(TimestampTooOld { asked: 100, newest: 100 }));
        clock.set_next(1_000, 100).unwrap();
        assert_eq!(clock.take(100, 100), 1_000);
        assert_eq!(clock.time(110), 1_010);
        assert_eq!(clock.increase(110, 1_000, 90), 990);
        assert_eq!(clock.peek(110, 1_000), 1_100);
    }

    #[test]
    fn an_interval_ignores_real_time() {
        let mut clock = Clock::default();
        assert!(!clock.set_interval(Some(12)));
        assert_eq!(clock.take(5_000, 100), 112);
        assert!(clock.set_interval(None));
        assert_eq!(clock.take(5_000, 112), 5_000);
    }

    #[test]
    fn time_moves_on_from_a_block_that_is_ahead_of_it() {
        let mut clock = Clock::default();
        clock.increase(100, 105, 60);
        assert_eq!(clock.take(100, 105), 165);
    }

    #[test]
    fn no_input_overflows() {
        let mut clock = Clock::default();
        clock.increase(0, u64::MAX, u64::MAX);
        clock.increase(0, u64::MAX, u64::MAX);
        assert_eq!(clock.peek(u64::MAX, u64::MAX), u64::MAX);
        clock.set(0, u64::MAX);
        clock.set(u64::MAX, 0);
        assert_eq!(clock.peek(0, 7), 8);
    }
}
