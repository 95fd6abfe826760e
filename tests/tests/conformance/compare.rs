//! Comparing responses.

use serde_json::Value;

/// Characters of a value that a report shows.
const SHOWN: usize = 200;

/// Whether a response is the expected one.
pub(crate) fn check(expect: &Value, got: &Value, spec_only: bool) -> Result<(), String> {
    let (mut expect, mut got) = (expect.clone(), got.clone());
    if spec_only {
        // Numbers, lengths and texts may differ.
        return shape("", &expect, &got);
    }
    if let (Some(Value::Object(expect)), Some(Value::Object(got))) =
        (expect.get_mut("error"), got.get_mut("error"))
    {
        expect.remove("message");
        got.remove("message");
    }
    equal("", &expect, &got)
}

fn equal(at: &str, expect: &Value, got: &Value) -> Result<(), String> {
    match (expect, got) {
        (Value::Object(expect), Value::Object(got)) => {
            let mut differences = Vec::new();
            for (key, value) in expect {
                let at = format!("{at}.{key}");
                match got.get(key) {
                    Some(got) => differences.extend(equal(&at, value, got).err()),
                    None => differences.push(format!("  {at}: missing, {}", show(value))),
                }
            }
            for (key, value) in got.iter().filter(|(key, _)| !expect.contains_key(*key)) {
                differences.push(format!("  {at}.{key}: should not be there, {}", show(value)));
            }
            if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
        }
        (Value::Array(expect), Value::Array(got)) if expect.len() == got.len() => expect
            .iter()
            .zip(got)
            .enumerate()
            .try_for_each(|(i, (expect, got))| equal(&format!("{at}[{i}]"), expect, got)),
        _ if expect == got => Ok(()),
        _ => Err(format!("  {at}: expected {}, got {}", show(expect), show(got))),
    }
}

/// Same kinds of values under the same keys.
fn shape(at: &str, expect: &Value, got: &Value) -> Result<(), String> {
    match (expect, got) {
        (Value::Object(expect), Value::Object(got)) => {
            // Keys that are themselves data: addresses, nonces, slots.
            let is_map = |key: &String| key.starts_with("0x") || key.parse::<u64>().is_ok();
            let required = expect.iter().filter(|(key, _)| !is_map(key));
            for (key, value) in required.filter(|(key, _)| !OPTIONAL.contains(&key.as_str())) {
                let got = got.get(key).ok_or_else(|| format!("  {at}.{key}: missing"))?;
                shape(&format!("{at}.{key}"), value, got)?;
            }
            Ok(())
        }
        (Value::Array(expect), Value::Array(got)) => match (expect.first(), got.first()) {
            (Some(expect), Some(got)) => shape(&format!("{at}[0]"), expect, got),
            _ => Ok(()),
        },
        (Value::String(expect), Value::String(got)) => {
            if expect.starts_with("0x") == got.starts_with("0x") {
                return Ok(());
            }
            Err(format!("  {at}: {got} is not of the form of {expect}"))
        }
        _ if std::mem::discriminant(expect) == std::mem::discriminant(got) => Ok(()),
        _ => Err(format!("  {at}: {} is not of the kind of {}", show(got), show(expect))),
    }
}

/// Fields that the specification lets a node leave out.
const OPTIONAL: [&str; 1] = ["deleteStrategy"];

fn show(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > SHOWN {
        text.truncate(SHOWN);
        text.push('…');
    }
    text
}
