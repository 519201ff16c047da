//! Reading a format.

use std::iter::Peekable;
use std::str::{Chars, FromStr};

use jiff::Zoned;

use super::{Field, Format, Layout, Piece};

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let piece = match char {
                '%' => conversion(&mut chars)?,
                '@' => match chars.next() {
                    Some('@') => {
                        plain.push('@');
                        continue;
                    }
                    letter => time(letter)?,
                },
                '\\' => {
                    plain.push(escape(chars.next())?);
                    continue;
                }
                char => {
                    plain.push(char);
                    continue;
                }
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }
}

fn conversion(chars: &mut Peekable<Chars<'_>>) -> Result<Piece, String> {
    let layout = Layout {
        left: chars.next_if_eq(&'-').is_some(),
        zero: chars.next_if_eq(&'0').is_some(),
        width: number(chars),
        precision: chars.next_if_eq(&'.').map(|_| number(chars)),
    };
    match chars.next() {
        None => Err("a % at the end: write %% for a percent sign".into()),
        Some(letter) => match Field::of(letter) {
            Some(field) => Ok(Piece::Field(field, layout)),
            None => Err(format!("%{letter} is not known: see --help for the list")),
        },
    }
}

/// The digits that follow; none are 0, and no screen is wider than 9999.
fn number(chars: &mut Peekable<Chars<'_>>) -> usize {
    let mut number = 0;
    while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
        number = (number * 10 + digit as usize).min(9999);
        chars.next();
    }
    number
}

fn time(letter: Option<char>) -> Result<Piece, String> {
    match letter {
        None => Err("an @ at the end: write @@ for an at sign".into()),
        Some('N') => Ok(Piece::Nanoseconds),
        Some(letter) => {
            let conversion = format!("%{letter}");
            match jiff::fmt::strtime::format(&conversion, &Zoned::default()) {
                Ok(_) => Ok(Piece::Time(conversion)),
                Err(_) => Err(format!("@{letter} is not known: see strftime for the list")),
            }
        }
    }
}

fn escape(letter: Option<char>) -> Result<char, String> {
    Ok(match letter {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('a') => '\x07',
        Some('e') => '\x1b',
        Some('v') => '\x0b',
        Some('\\') => '\\',
        Some(other) => return Err(format!("\\{other} is not known: see --help for the list")),
        None => return Err(r"a \ at the end: write \\ for a backslash".into()),
    })
}
