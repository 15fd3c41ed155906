use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::pick;

/// Texts at the edges of what the exchange's fields take.
const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "0.0000",
    "0.0001",
    "0.5",
    ".5",
    "5.",
    "1",
    "1.0000",
    "1.0001",
    "-0.0001",
    "0.12345",
    "00.50",
    "+0.50",
    "1e-2",
    "0x10",
    "NaN",
    "inf",
    "9999999999.99",
    "10000000000.01",
    "92233720368547758.07",
    "92233720368547758.08",
    "-92233720368547758.09",
    "184467440737095516.16",
    "340282366920938463463374607431768211456",
    "٣.٥",
    "0.5\u{0}",
    "\u{0}",
    "2026-11-21T05:00:00Z",
    "2026-11-21T05:00:00.1234567890123Z",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2026-11-21T05:00:00+24:00",
    "1970-01-01",
    "yes",
    "YES",
    "open",
    "active",
    "bid",
    "a,b",
    ",,",
    "\u{1f4a9}",
];

/// A changed copy of `input`; `None` where it is no JSON.
pub(super) fn mutate(input: &[u8], other: &[u8], words: &[String], rng: &mut ChaCha8Rng) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(input).ok()?;
    let other: Value = serde_json::from_slice(other).unwrap_or(Value::Null);
    for _ in 0..rng.random_range(1..=3) {
        let places = count(&value);
        let mut place = rng.random_range(0..places);
        let node = nth(&mut value, &mut place).expect("there are as many places as were counted");
        change(node, &other, words, rng);
    }
    let mut text = serde_json::to_vec(&value).expect("a value can be written");
    if rng.random_ratio(1, 50) {
        text = nested(&text, rng.random_range(1..400));
    }
    Some(text)
}

fn change(node: &mut Value, other: &Value, words: &[String], rng: &mut ChaCha8Rng) {
    match rng.random_range(0..10) {
        0..3 => *node = leaf(words, rng),
        3 => {
            let mut other = other.clone();
            let mut place = rng.random_range(0..count(&other));
            if let Some(found) = nth(&mut other, &mut place) {
                *node = found.take();
            }
        }
        4 => *node = json!([node.take()]),
        5 => *node = Value::String(node.to_string()),
        _ => match node {
            Value::Object(map) => change_map(map, words, rng),
            Value::Array(list) => change_list(list, rng),
            Value::String(text) => change_text(text, rng),
            _ => *node = leaf(words, rng),
        },
    }
}

fn leaf(words: &[String], rng: &mut ChaCha8Rng) -> Value {
    match rng.random_range(0..12) {
        0 => Value::Null,
        1 => json!(rng.random::<bool>()),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(rng.random::<i64>()),
        5 => json!(u64::MAX - u64::from(rng.random::<u8>())),
        6 => json!(rng.random_range(-1e19..1e19)),
        7 => json!(0.1 + f64::from(rng.random::<u8>())),
        8 => pick(
            &[
                json!([]),
                json!({}),
                json!([[]]),
                json!([["0.5", "1"], ["0.5", "1"]]),
            ],
            rng,
        )
        .clone(),
        9 if !words.is_empty() => json!(pick(words, rng)),
        10 => json!("x".repeat(rng.random_range(0..300))),
        _ => json!(*pick(TEXTS, rng)),
    }
}

fn change_map(map: &mut Map<String, Value>, words: &[String], rng: &mut ChaCha8Rng) {
    let keys: Vec<String> = map.keys().cloned().collect();
    if keys.is_empty() || rng.random_ratio(1, 4) {
        if !words.is_empty() {
            map.insert(pick(words, rng).clone(), leaf(words, rng));
        }
        return;
    }
    let key = pick(&keys, rng);
    let taken = map.remove(key).expect("the key is the map's");
    match rng.random_range(0..3) {
        0 => {}
        1 if !words.is_empty() => drop(map.insert(pick(words, rng).clone(), taken)),
        _ => {
            let another = pick(&keys, rng).clone();
            let old = map.insert(another, taken);
            map.insert(key.clone(), old.unwrap_or(Value::Null));
        }
    }
}

fn change_list(list: &mut Vec<Value>, rng: &mut ChaCha8Rng) {
    if list.is_empty() {
        list.push(Value::Null);
        return;
    }
    let at = rng.random_range(0..list.len());
    match rng.random_range(0..3) {
        0 => drop(list.remove(at)),
        1 => list.swap(at, 0),
        _ => {
            let again = list[at].clone();
            list.extend(std::iter::repeat_n(again, rng.random_range(1..30)));
        }
    }
}

fn change_text(text: &mut String, rng: &mut ChaCha8Rng) {
    let mut letters: Vec<char> = text.chars().collect();
    let at = rng.random_range(0..=letters.len());
    let letter = *pick(
        &[
            '0', '9', '.', '-', '+', 'e', ' ', ',', 'Z', 'T', ':', '\0', 'é', '٣',
        ],
        rng,
    );
    match rng.random_range(0..3) {
        0 if at < letters.len() => drop(letters.remove(at)),
        1 if at < letters.len() => letters[at] = letter,
        _ => letters.insert(at, letter),
    }
    *text = letters.into_iter().collect();
}

/// Places in a value: itself, and those of what it holds.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The place of that number, counted down in `place`.
fn nth<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| nth(inner, place)),
        Value::Object(map) => map.values_mut().find_map(|inner| nth(inner, place)),
        _ => None,
    }
}

/// `text` within that many lists or objects.
fn nested(text: &[u8], depth: usize) -> Vec<u8> {
    let (open, close) = if depth.is_multiple_of(2) {
        (&b"["[..], &b"]"[..])
    } else {
        (&b"{\"msg\":"[..], &b"}"[..])
    };
    [&open.repeat(depth)[..], text, &close.repeat(depth)[..]].concat()
}
