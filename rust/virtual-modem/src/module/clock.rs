//! The network's time, as `AT+CCLK?` prints it.

/// `yy/MM/dd,hh:mm:ss+00` of so many seconds since 1970, in UTC.
pub(super) fn format(unix_time: u64) -> String {
    let (days, second) = (unix_time / 86_400, unix_time % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{:02}/{month:02}/{day:02},{:02}:{:02}:{:02}+00",
        year % 100,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of the Gregorian calendar, counted in eras of 400 years that start in March,
/// so that the leap day is the last of its year.
fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn dates_are_gregorian() {
        assert_eq!(format(0), "70/01/01,00:00:00+00");
        assert_eq!(format(951_827_696), "00/02/29,12:34:56+00");
        assert_eq!(format(1_550_361_600), "19/02/17,00:00:00+00");
    }
}
