//! PostgreSQL's binary COPY format.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use crate::row::{Rows, Value, Width};

/// Bytes sent at a time: large enough that the protocol costs nothing, small enough to stay in the cache.
pub(super) const CHUNK: usize = 256 * 1024;

/// What every stream opens with: signature, flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What every stream ends with: a field count of −1.
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];

/// Appends one row.
pub(super) fn encode(row: &[Value], columns: &[(&str, Width)], out: &mut Vec<u8>) {
    let count = u16::try_from(columns.len()).expect("a table has few columns");
    out.extend_from_slice(&count.to_be_bytes());
    for (value, (_, width)) in row.iter().zip(columns) {
        match (value, width) {
            (Value::Null, _) => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            (Value::Text(text), _) => field(text.as_bytes(), out),
            (Value::Int(number), Width::Int2) => {
                let number = i16::try_from(*number).expect("the column's type bounds it");
                field(&number.to_be_bytes(), out);
            }
            (Value::Int(number), Width::Int4) => {
                let number = i32::try_from(*number).expect("the column's type bounds it");
                field(&number.to_be_bytes(), out);
            }
            (Value::Int(number), _) => field(&number.to_be_bytes(), out),
        }
    }
}

fn field(bytes: &[u8], out: &mut Vec<u8>) {
    let length = i32::try_from(bytes.len()).expect("a value is below two gigabytes");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The whole stream in chunks of about [`CHUNK`] bytes.
pub(super) fn chunks<'a>(
    rows: &'a Rows,
    columns: &'a [(&'a str, Width)],
) -> impl Iterator<Item = Vec<u8>> + 'a {
    let mut pending = rows.values.chunks_exact(rows.width.max(1));
    let mut started = false;
    let mut finished = false;
    std::iter::from_fn(move || {
        if finished {
            return None;
        }
        let mut out = Vec::with_capacity(CHUNK + 1024);
        if !std::mem::replace(&mut started, true) {
            out.extend_from_slice(HEADER);
        }
        while out.len() < CHUNK {
            let Some(row) = pending.next() else {
                out.extend_from_slice(TRAILER);
                finished = true;
                break;
            };
            encode(row, columns, &mut out);
        }
        Some(out)
    })
}
