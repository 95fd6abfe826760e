//! A queue on a NATS server (JetStream): tasks in a stream, of which each is for one worker, and
//! objects in a bucket. Whoever reaches the server can put anything there.

use std::{fmt::Display, future::Future, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use async_nats::{
    ConnectOptions, ServerAddr,
    connection::State,
    jetstream::{
        self, AckKind, Context, ErrorCode, Message,
        consumer::pull,
        context::PublishError,
        object_store::{self, DeleteErrorKind, InfoErrorKind, ObjectStore},
        stream::{self, DiscardPolicy, RetentionPolicy, Stream},
    },
};
use eyre::{Result, WrapErr, eyre};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use tokio::{io::AsyncReadExt, runtime::Runtime, task::JoinHandle, time};

const TASKS: &str = "altana-tasks";
const SUBJECT: &str = "altana.task";
const BUCKET: &str = "altana";

/// Most tasks that wait at once. What does not fit is published later.
const TASKS_MAX: i64 = 100_000;
/// Most bytes of a task: all of it is in its subject.
const TASK_BYTES_MAX: i32 = 1_024;
/// What nobody removes, the server does: what a share left that was killed, say.
const AGE_MAX: Duration = Duration::from_secs(7 * 86_400);
/// How long a worker is not heard of before its task goes to another.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(60);
/// Most time for one answer of the server.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// A network that carries less is of no use here.
const BYTES_PER_SECOND_MIN: u64 = 256 << 10;

/// Where the queue is.
#[derive(clap::Args)]
pub(crate) struct Server {
    /// A NATS server with JetStream: nats://USER:PASSWORD@HOST:PORT, nats://TOKEN@…, or tls://…
    #[arg(long, value_name = "URL")]
    pub(crate) nats: String,
    /// Credentials for it (a JWT and its key), instead of those in the URL
    #[arg(long, value_name = "FILE")]
    pub(crate) nats_creds: Option<PathBuf>,
}

/// Workers and whoever shares see one another's tasks if they have the same `tag`.
pub(crate) struct Queue {
    runtime: Runtime,
    jetstream: Context,
    tag: String,
    ack_wait: Duration,
}

/// A task that this worker has until this is dropped: meanwhile the server hears of it.
pub(crate) struct Delivery<'a> {
    queue: &'a Queue,
    message: Arc<Message>,
    beat: JoinHandle<()>,
    /// What was published.
    pub(crate) name: String,
    /// How often it was delivered, this time included.
    pub(crate) times: i64,
}

/// What is in the bucket under a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// Too long, or not what it says of itself.
    Garbage(String),
    Bytes(Vec<u8>),
}

/// Try again later.
#[derive(Debug, thiserror::Error)]
#[error("the queue: {0}")]
pub(crate) struct Down(String);

fn down(error: impl Display) -> Down {
    Down(error.to_string())
}

impl Queue {
    /// Goes on without a server, and connects when there is one.
    pub(crate) fn open(server: &Server, tag: &str, ack_wait: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .wrap_err("a thread for the queue")?;
        let connect = async {
            // Errors of this and of the library would show the URL, and with it the password.
            let address =
                ServerAddr::from_str(&server.nats).map_err(|_| eyre!("--nats: no URL"))?;
            let mut options = ConnectOptions::new()
                .name("altana-prover")
                .retry_on_initial_connect()
                .event_callback(|event| async move { eprintln!("queue: {event}") });
            // The library leaves this to us.
            let word = |word: &str| percent_decode_str(word).decode_utf8_lossy().into_owned();
            options = match (address.username().map(word), address.password().map(word)) {
                (Some(user), Some(password)) => options.user_and_password(user, password),
                (Some(token), None) => options.token(token),
                (None, _) => options,
            };
            if let Some(creds) = &server.nats_creds {
                let name = creds.display().to_string();
                options = options.credentials_file(creds).await.wrap_err(name)?;
            }
            let client = options.connect(address).await.map_err(|error| down(error.kind()))?;
            Ok::<_, eyre::Report>(jetstream::new(client))
        };
        let jetstream = runtime.block_on(connect)?;
        Ok(Self { runtime, jetstream, tag: tag.into(), ack_wait })
    }

    /// Has some worker do this. One that waits, or that is worked on, is there but once.
    pub(crate) fn publish(&self, name: &str) -> Result<(), Down> {
        let subject = format!("{SUBJECT}.{}.{name}", self.tag);
        self.within(ANSWER_MAX, async {
            self.tasks().await?;
            let sent = self.jetstream.publish(subject, "".into()).await.map_err(down)?;
            match sent.await {
                Err(error) if !is_there(&error) => Err(down(error)),
                _ => Ok(()),
            }
        })
    }

    /// Takes back what is of this name, or of a longer one.
    pub(crate) fn withdraw(&self, name: &str) -> Result<(), Down> {
        let subject = format!("{SUBJECT}.{}.{name}.>", self.tag);
        self.within(ANSWER_MAX, async {
            self.tasks().await?.purge().filter(subject).await.map_err(down)?;
            Ok(())
        })
    }

    /// The next task, when there is one within this time.
    pub(crate) fn take(&self, wait: Duration) -> Result<Option<Delivery<'_>>, Down> {
        let prefix = format!("{SUBJECT}.{}.", self.tag);
        let next = async {
            let name = format!("workers-{}", self.tag);
            let config = pull::Config {
                durable_name: Some(name.clone()),
                filter_subject: format!("{prefix}>"),
                ack_wait: self.ack_wait,
                inactive_threshold: AGE_MAX,
                ..Default::default()
            };
            let tasks = self.tasks().await?;
            let workers = tasks.get_or_create_consumer(&name, config).await.map_err(down)?;
            let batch = workers.batch().max_messages(1).expires(wait).messages();
            batch.await.map_err(down)?.next().await.transpose().map_err(down)
        };
        let Some(message) = self.within(wait + ANSWER_MAX, next)? else { return Ok(None) };
        let times = message.info().map_err(down)?.delivered;
        let name = message.subject.strip_prefix(&prefix).unwrap_or_default().to_owned();
        let message = Arc::new(message);
        let (beating, pause) = (message.clone(), self.ack_wait / 4);
        let beat = self.runtime.spawn(async move {
            loop {
                time::sleep(pause).await;
                // A lost one is followed by another.
                let _ = beating.ack_with(AckKind::Progress).await;
            }
        });
        Ok(Some(Delivery { queue: self, message, beat, name, times }))
    }

    /// Puts an object there, in the place of another of the name.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Down> {
        self.within(transfer_max(bytes.len()), async {
            let name = self.object(name);
            self.bucket().await?.put(name.as_str(), &mut &*bytes).await.map_err(down)?;
            Ok(())
        })
    }

    /// Whether there is anything under a name.
    pub(crate) fn has(&self, name: &str) -> Result<bool, Down> {
        Ok(self.get(name, 0)? != Found::Nothing)
    }

    /// Reads an object.
    pub(crate) fn get(&self, name: &str, bytes_max: usize) -> Result<Found, Down> {
        self.within(ANSWER_MAX + transfer_max(bytes_max), async {
            let (bucket, name) = (self.bucket().await?, self.object(name));
            let info = match bucket.info(&name).await {
                Err(error) => match error.kind() {
                    InfoErrorKind::NotFound => return Ok(Found::Nothing),
                    InfoErrorKind::TimedOut => return Err(down(error)),
                    _ => return self.garbage(error),
                },
                Ok(info) if info.deleted => return Ok(Found::Nothing),
                Ok(info) => info,
            };
            // A link to itself would be followed for ever.
            if info.options.is_some_and(|options| options.link.is_some()) {
                return self.garbage("a link");
            }
            if info.size > bytes_max {
                return self.garbage("too long");
            }
            let object = match time::timeout(ANSWER_MAX, bucket.get(&name)).await {
                Ok(Ok(object)) => object,
                Ok(Err(error)) => return self.garbage(error),
                Err(_) => return self.garbage("it does not come"),
            };
            let mut bytes = Vec::new();
            let mut object = object.take(bytes_max as u64 + 1);
            let read = object.read_to_end(&mut bytes);
            match time::timeout(transfer_max(info.size), read).await {
                Ok(Ok(_)) if bytes.len() == info.size => Ok(Found::Bytes(bytes)),
                Ok(Ok(_)) => self.garbage("of another length than it says"),
                Ok(Err(error)) => self.garbage(error),
                Err(_) => self.garbage("parts of it are missing"),
            }
        })
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Down> {
        self.within(ANSWER_MAX, async {
            let (bucket, name) = (self.bucket().await?, self.object(name));
            match bucket.delete(&name).await {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == DeleteErrorKind::NotFound => return Ok(()),
                Err(_) => {}
            }
            // What says nothing readable of itself makes room for what does.
            bucket.put(name.as_str(), &mut &b""[..]).await.map_err(down)?;
            bucket.delete(&name).await.map_err(down)
        })
    }

    /// The same may be said of what is whole while the server is away.
    fn garbage(&self, why: impl Display) -> Result<Found, Down> {
        match self.jetstream.client().connection_state() {
            State::Connected => Ok(Found::Garbage(why.to_string())),
            _ => Err(down(why)),
        }
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.tag)
    }

    async fn tasks(&self) -> Result<Stream, Down> {
        let config = stream::Config {
            name: TASKS.into(),
            subjects: vec![format!("{SUBJECT}.>")],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            discard_new_per_subject: true,
            max_messages_per_subject: 1,
            max_messages: TASKS_MAX,
            max_message_size: TASK_BYTES_MAX,
            max_age: AGE_MAX,
            ..Default::default()
        };
        self.jetstream.get_or_create_stream(config).await.map_err(down)
    }

    async fn bucket(&self) -> Result<ObjectStore, Down> {
        if let Ok(bucket) = self.jetstream.get_object_store(BUCKET).await {
            return Ok(bucket);
        }
        let config =
            object_store::Config { bucket: BUCKET.into(), max_age: AGE_MAX, ..Default::default() };
        self.jetstream.create_object_store(config).await.map_err(down)
    }

    fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Down>>,
    ) -> Result<T, Down> {
        self.runtime
            .block_on(async { time::timeout(limit, work).await.map_err(|_| down("no answer"))? })
    }
}

impl Delivery<'_> {
    /// The task is done: nobody gets it again.
    pub(crate) fn done(self) -> Result<(), Down> {
        self.queue.within(ANSWER_MAX, async { self.message.double_ack().await.map_err(down) })
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

/// The server takes one task of a subject, and as many as fit.
fn is_there(error: &PublishError) -> bool {
    let source = std::error::Error::source(error);
    let refused = source.and_then(|source| source.downcast_ref::<jetstream::Error>());
    refused.is_some_and(|refused| refused.error_code() == ErrorCode::STREAM_STORE_FAILED)
}

fn transfer_max(bytes: usize) -> Duration {
    ANSWER_MAX + Duration::from_secs(bytes as u64 / BYTES_PER_SECOND_MIN)
}

#[cfg(test)]
mod tests {
    use crate::queue_tests::Nats;

    use super::*;

    /// Writes what an object says of itself.
    fn forge(queue: &Queue, name: &str, says: &str) {
        queue.put(name, b"good").unwrap();
        let forge = async {
            let stream = queue.jetstream.get_stream(format!("OBJ_{BUCKET}")).await.unwrap();
            let last = stream.cached_info().state.last_sequence;
            let subject = stream.get_raw_message(last).await.unwrap().subject;
            queue.jetstream.publish(subject, says.to_owned().into()).await.unwrap().await.unwrap();
        };
        queue.runtime.block_on(forge);
    }

    #[test]
    fn whatever_anybody_puts_into_the_bucket_is_read_or_refused_and_can_be_removed() {
        let nats = Nats::start("bucket");
        let queue = nats.queue();
        assert_eq!(queue.get("a", 9).unwrap(), Found::Nothing);
        queue.remove("a").unwrap();
        queue.put("a", b"good").unwrap();
        assert_eq!(queue.get("a", 4).unwrap(), Found::Bytes(b"good".into()));
        assert!(matches!(queue.get("a", 3).unwrap(), Found::Garbage(_)), "too long");
        let object =
            format!(r#""name": "{TAG}/a", "bucket": "{BUCKET}", "nuid": "x""#, TAG = queue.tag);
        for says in [
            "".into(),
            "{".into(),
            format!("{{{object}, \"size\": 2, \"chunks\": 0}}"),
            format!("{{{object}, \"size\": 18446744073709551615, \"chunks\": 1}}"),
            format!(
                "{{{object}, \"options\": {{\"link\": {{\"name\": \"{}/a\", \"bucket\": \"{BUCKET}\"}}}}}}",
                queue.tag
            ),
        ] {
            forge(&queue, "a", &says);
            let found = queue.get("a", 9).unwrap();
            assert!(matches!(found, Found::Garbage(_)), "{says}: {found:?}");
            queue.remove("a").unwrap();
            assert_eq!(queue.get("a", 9).unwrap(), Found::Nothing, "{says}");
            forge(&queue, "a", &says);
            queue.put("a", b"good").unwrap();
            assert_eq!(queue.get("a", 9).unwrap(), Found::Bytes(b"good".into()), "{says}");
        }
    }
}
