//! PostgreSQL's binary COPY format.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use crate::row::{Rows, Value, Width};

/// Bytes sent at a time: large enough that the protocol costs nothing, small enough to stay in the cache.
const CHUNK: usize = 64 * 1024;

/// What every stream opens with: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What every stream ends with: a field count of −1.
const TRAILER: &[u8] = &[0xff, 0xff];

/// Appends one row.
fn encode(row: &[Value], columns: &[(&str, Width)], out: &mut Vec<u8>) {
    begin_row(columns, out);
    for (value, (_, width)) in row.iter().zip(columns) {
        match value {
            Value::Null => null(out),
            Value::Text(text) => {
                let length = i32::try_from(text.len()).expect("a value is below two gigabytes");
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Value::Int(number) => integer(*number, *width, out),
        }
    }
}

/// Appends one row of integers.
fn encode_integers(row: &[Option<i64>], columns: &[(&str, Width)], out: &mut Vec<u8>) {
    begin_row(columns, out);
    for (value, (_, width)) in row.iter().zip(columns) {
        match value {
            None => null(out),
            Some(number) => integer(*number, *width, out),
        }
    }
}

fn begin_row(columns: &[(&str, Width)], out: &mut Vec<u8>) {
    let count = u16::try_from(columns.len()).expect("a table has few columns");
    out.extend_from_slice(&count.to_be_bytes());
}

fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

#[inline]
fn integer(number: i64, width: Width, out: &mut Vec<u8>) {
    match width {
        Width::Int2 => {
            let number = i16::try_from(number).expect("the column's type bounds it");
            out.extend_from_slice(&2_i32.to_be_bytes());
            out.extend_from_slice(&number.to_be_bytes());
        }
        Width::Int4 => {
            let number = i32::try_from(number).expect("the column's type bounds it");
            out.extend_from_slice(&4_i32.to_be_bytes());
            out.extend_from_slice(&number.to_be_bytes());
        }
        _ => {
            out.extend_from_slice(&8_i32.to_be_bytes());
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

/// Rows as a whole stream, in chunks of about [`CHUNK`] bytes.
pub(super) fn chunks<'a>(
    rows: &'a Rows,
    columns: &'a [(&'a str, Width)],
) -> impl Iterator<Item = Vec<u8>> + 'a {
    stream(rows.values.chunks_exact(rows.width.max(1)), move |row, out| {
        encode(row, columns, out);
    })
}

/// Rows of integers as a whole stream, in chunks of about [`CHUNK`] bytes.
pub(super) fn integer_chunks<const N: usize>(
    rows: impl Iterator<Item = [Option<i64>; N]>,
    columns: &[(&str, Width)],
) -> impl Iterator<Item = Vec<u8>> {
    stream(rows, move |row, out| encode_integers(&row, columns, out))
}

fn stream<R>(
    mut rows: impl Iterator<Item = R>,
    encode: impl Fn(R, &mut Vec<u8>),
) -> impl Iterator<Item = Vec<u8>> {
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
            let Some(row) = rows.next() else {
                out.extend_from_slice(TRAILER);
                finished = true;
                break;
            };
            encode(row, &mut out);
        }
        Some(out)
    })
}
