//! Values in the one form a feed writes them; anything else is `None` and goes the long way.

use kmi_domain::{Price, Quantity, Timestamp};

use crate::wire::time;

/// Digits read at most: they fit a signed 64-bit integer whatever they are.
const MAX_DIGITS: usize = 18;

/// Eight ASCII digits as a number, all at once; `None` if any is no digit.
#[inline]
fn eight_digits(bytes: &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
    let digits = word.wrapping_sub(0x3030_3030_3030_3030);
    // A byte below '0' borrows into its own top bit, one above '9' carries into it.
    let wrong = (digits | digits.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
    if wrong != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// A whole number without sign or leading zero, and its length.
#[inline]
pub(super) fn natural(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut value, mut length) = match eight_digits(bytes) {
        Some(value) => (value, 8),
        None => (0, 0),
    };
    while let Some(digit) = bytes
        .get(length)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        if length == MAX_DIGITS {
            return None;
        }
        value = value * 10 + u64::from(digit);
        length += 1;
    }
    let canonical = length == 1 || length > 1 && bytes[0] != b'0';
    canonical.then_some((value, length))
}

/// Milliseconds since the epoch, not after the year 9999.
#[inline]
pub(super) fn millis(bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let (value, length) = natural(bytes)?;
    let time = i64::try_from(value).ok().and_then(time::from_millis)?;
    Some((time, length))
}

/// `"0.1100"` without its opening quote: dollars with one to four decimals, and the length with the closing quote.
#[inline]
pub(super) fn dollars(bytes: &[u8]) -> Option<(Price, usize)> {
    // Nearly every price has four decimals.
    if let Some([whole @ (b'0' | b'1'), b'.', a, b, c, d, b'"']) = bytes.first_chunk::<7>() {
        let mut units = u16::from(whole - b'0');
        for byte in [a, b, c, d] {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            units = units * 10 + u16::from(digit);
        }
        return Price::from_units(units).map(|price| (price, 7));
    }
    let end = bytes.iter().take(8).position(|byte| *byte == b'"')?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((text.parse().ok()?, end + 1))
}

/// Integer cents.
#[inline]
pub(super) fn cents(bytes: &[u8]) -> Option<(Price, usize)> {
    let (value, length) = natural(bytes)?;
    let price = u8::try_from(value).ok().and_then(Price::from_cents)?;
    Some((price, length))
}

/// `"-12.50"` without its opening quote: contracts with up to two decimals, and the length with the closing quote.
#[inline]
pub(super) fn contracts(bytes: &[u8]) -> Option<(Quantity, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let mut units: i64 = 0;
    let first = at;
    while let Some(digit) = bytes
        .get(at)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        // Ten digits stay below the largest quantity.
        if at - first == 10 {
            return None;
        }
        units = units * 10 + i64::from(digit);
        at += 1;
    }
    if at == first {
        return None;
    }
    units *= 100;
    match bytes[at..] {
        [b'"', ..] => at += 1,
        [b'.', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'"', ..] => {
            units += i64::from((tens - b'0') * 10 + (ones - b'0'));
            at += 4;
        }
        [b'.', tens @ b'0'..=b'9', b'"', ..] => {
            units += i64::from((tens - b'0') * 10);
            at += 3;
        }
        _ => return None,
    }
    Some((Quantity::from_units(if negative { -units } else { units }), at))
}

/// Whole contracts as a JSON integer of either sign.
#[inline]
pub(super) fn whole_contracts(bytes: &[u8]) -> Option<(Quantity, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let sign = usize::from(negative);
    let (value, length) = natural(&bytes[sign..])?;
    // `-0` is a float to a JSON reader.
    if value > 9_999_999_999 || negative && value == 0 {
        return None;
    }
    let units = i64::try_from(value).ok()? * 100;
    Some((
        Quantity::from_units(if negative { -units } else { units }),
        sign + length,
    ))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// Nonzero top bits where a byte is zero (and possibly above one that is).
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// True when no byte of the word ends, escapes or is forbidden inside a JSON string, or lies outside ASCII.
const fn plain_word(word: u64) -> bool {
    let quotes = zeros(word ^ (ONES * b'"' as u64));
    let escapes = zeros(word ^ (ONES * b'\\' as u64));
    let controls = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
    (quotes | escapes | controls | word & TOPS) == 0
}

/// True when `bytes` may stand inside a JSON string as they are.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let plain = words.iter().all(|word| plain_word(u64::from_le_bytes(*word)));
    plain
        && rest
            .iter()
            .all(|byte| matches!(byte, 0x20..=0x7f) && !matches!(byte, b'"' | b'\\'))
}

/// Length of a string without its opening quote, with its closing one; `guess` is what it was last time.
#[inline]
pub(super) fn string(bytes: &[u8], guess: usize) -> Option<usize> {
    if guess > 0 && bytes.get(guess - 1) == Some(&b'"') && is_plain(&bytes[..guess - 1]) {
        return Some(guess);
    }
    let end = memchr::memchr(b'"', bytes)?;
    is_plain(&bytes[..end]).then_some(end + 1)
}

/// A ticker or id without its opening quote, and the length with the closing one.
#[inline]
pub(super) fn name(bytes: &[u8], guess: usize) -> Option<(&str, usize)> {
    let length = string(bytes, guess)?;
    let text = &bytes[..length - 1];
    let fits = !text.is_empty()
        && text.len() <= kmi_domain::ids::MAX_LENGTH
        && text.iter().all(u8::is_ascii_graphic);
    if !fits {
        return None;
    }
    Some((std::str::from_utf8(text).ok()?, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_their_plain_form_alone() {
        assert_eq!(natural(b"1786398369397,"), Some((1_786_398_369_397, 13)));
        assert_eq!(natural(b"12345678}"), Some((12_345_678, 8)));
        assert_eq!(natural(b"0,"), Some((0, 1)));
        assert_eq!(natural(b"01,"), None);
        assert_eq!(natural(b"00000001,"), None);
        assert_eq!(natural(b"1234567890123456789,"), None);
        assert_eq!(natural(b"-1"), None);
        assert_eq!(natural(b""), None);
    }

    #[test]
    fn prices_and_counts_are_exact() {
        assert_eq!(dollars(b"0.1100\"").unwrap().0.units(), 1_100);
        assert_eq!(dollars(b"1.0000\"").unwrap().0, Price::ONE);
        assert_eq!(dollars(b"0.5\",").unwrap(), (Price::from_cents(50).unwrap(), 4));
        assert_eq!(dollars(b"1.0001\""), None);
        assert_eq!(dollars(b"0.1:00\""), None);
        assert_eq!(contracts(b"-12.50\"").unwrap(), (Quantity::from_units(-1_250), 7));
        assert_eq!(contracts(b"7\"").unwrap(), (Quantity::from_units(700), 2));
        assert_eq!(contracts(b".5\""), None);
        assert_eq!(contracts(b"1.234\""), None);
        assert_eq!(
            whole_contracts(b"-54,").unwrap(),
            (Quantity::from_units(-5_400), 3)
        );
        assert_eq!(whole_contracts(b"-0,"), None);
    }

    #[test]
    fn a_word_is_plain_exactly_when_each_byte_is() {
        for position in 0..8 {
            for byte in 0..=255u8 {
                let mut bytes = *b"abcdefgh";
                bytes[position] = byte;
                let plain = matches!(byte, 0x20..=0x7f) && byte != b'"' && byte != b'\\';
                assert_eq!(is_plain(&bytes), plain, "{byte} at {position}");
            }
        }
    }
}
