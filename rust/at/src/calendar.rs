//! The Gregorian calendar, as far as the clock of a module and the time of a recording need it.
//!
//! A library of dates would add 240 kB to each binary for these two functions.

/// Year, month and day of the `days`-th day since 1970-01-01.
///
/// ```
/// use m531x_at::calendar::date;
///
/// assert_eq!(date(0), (1970, 1, 1));
/// assert_eq!(date(19_782), (2024, 2, 29));
/// ```
pub fn date(days: u64) -> (u64, u64, u64) {
    // Counted from the first of March, after which the months have a rhythm and the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// The number of the day since 1970-01-01, the other way round than [`date`]; 0 for a day before.
pub fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year.saturating_sub(u64::from(month <= 2));
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day.saturating_sub(1);
    let day_of_era = (year % 400) * 365 + year % 400 / 4 - year % 400 / 100 + day_of_year;
    (year / 400 * 146_097 + day_of_era).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_until_2400_follows_the_one_before() {
        let mut last = (1969, 12, 31);
        for number in 0..157_054 {
            let (year, month, day) = date(number);
            let first_of_month = (year, month, day) == (last.0, last.1 + 1, 1);
            let first_of_year = last.1 == 12 && (year, month, day) == (last.0 + 1, 1, 1);
            let next = (year, month, day) == (last.0, last.1, last.2 + 1);
            assert!(next || first_of_month || first_of_year, "{last:?} {number}");
            assert!(!(next && day > 31), "{year}-{month}-{day}");
            assert_eq!(days(year, month, day), number);
            last = (year, month, day);
        }
        assert_eq!(last, (2399, 12, 31));
    }

    #[test]
    fn a_century_is_no_leap_year_unless_400_divides_it() {
        assert_eq!(date(days(2000, 2, 28) + 1), (2000, 2, 29));
        assert_eq!(date(days(2100, 2, 28) + 1), (2100, 3, 1));
    }
}
