//! What numbers are written with: number words, measures, currencies.

/// The number that a word is. `one` is not among them: it is a pronoun more often.
pub fn number_word(word: &str) -> Option<u32> {
    Some(match word {
        "zero" => 0,
        "two" | "two-thirds" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" | "dozen" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        "hundred" => 100,
        "thousand" => 1000,
        "twice" => 2,
        _ => return None,
    })
}

/// The number that a Chinese numeral is.
pub fn number_han(c: char) -> Option<u32> {
    Some(match c {
        '零' | '\u{3007}' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '百' => 100,
        '千' => 1000,
        '万' => 10_000,
        _ => return None,
    })
}

/// The measure that a word is.
pub fn measure(word: &str) -> Option<&'static str> {
    Some(match word {
        "day" | "days" => "day",
        "night" | "nights" => "night",
        "hour" | "hours" | "h" | "hrs" | "hr" => "hour",
        "minute" | "minutes" | "min" | "mins" => "minute",
        "second" | "seconds" | "sec" => "second",
        "week" | "weeks" => "week",
        "month" | "months" => "month",
        "year" | "years" => "year",
        "decade" | "decades" => "decade",
        "century" | "centuries" => "century",
        "percent" | "per-cent" | "pct" => "%",
        "kg" | "kilo" | "kilos" | "kilogram" | "kilograms" => "kg",
        "g" | "gram" | "grams" => "g",
        "lb" | "lbs" => "lb",
        "oz" | "ounce" | "ounces" => "oz",
        "mm" => "mm",
        "cm" => "cm",
        "m" | "metre" | "metres" | "meter" | "meters" => "m",
        "km" => "km",
        "inch" | "inches" => "inch",
        "foot" | "feet" | "ft" => "foot",
        "mile" | "miles" => "mile",
        "l" | "litre" | "litres" | "liter" | "liters" => "l",
        "ml" => "ml",
        "gb" => "gb",
        "mb" => "mb",
        "tb" => "tb",
        "mp" | "megapixels" => "mp",
        "w" | "watt" | "watts" => "w",
        "v" | "volt" | "volts" => "v",
        "mah" => "mah",
        "degree" | "degrees" => "degree",
        "point" | "points" => "point",
        "time" | "times" | "twice" => "time",
        "cent" | "cents" | "pence" | "penny" => "cent",
        _ => return None,
    })
}

/// Chinese measures, longer ones first, under the English names where these are the same.
pub const HAN_MEASURES: [(&str, &str); 42] = [
    ("个工作日", "working day"),
    ("工作日", "working day"),
    ("个工作天", "working day"),
    ("个自然日", "calendar day"),
    ("自然日", "calendar day"),
    ("个小时", "hour"),
    ("小时", "hour"),
    ("个月", "month"),
    ("个星期", "week"),
    ("星期", "week"),
    ("分钟", "minute"),
    ("周", "week"),
    ("天", "day"),
    ("日", "day"),
    ("号", "day"),
    ("月", "month"),
    ("年", "year"),
    ("秒", "second"),
    ("公斤", "kg"),
    ("千克", "kg"),
    ("克", "g"),
    ("斤", "jin"),
    ("厘米", "cm"),
    ("毫米", "mm"),
    ("公里", "km"),
    ("米", "m"),
    ("英寸", "inch"),
    ("升", "l"),
    ("毫升", "ml"),
    ("度", "degree"),
    ("积分", "point"),
    ("分", "point"),
    ("次", "time"),
    ("折", "tenth"),
    ("件", "piece"),
    ("个", "piece"),
    ("双", "pair"),
    ("张", "piece"),
    ("点", "oclock"),
    ("岁", "year-old"),
    ("位", "person"),
    ("人", "person"),
];

/// The currency that a word or a sign is.
pub fn currency(word: &str) -> Option<&'static str> {
    Some(match word {
        "$" | "usd" | "dollar" | "dollars" => "usd",
        "\u{a3}" | "gbp" | "pound" | "pounds" | "quid" => "gbp",
        "\u{20ac}" | "eur" | "euro" | "euros" => "eur",
        "\u{a5}" | "cny" | "rmb" | "yuan" => "cny",
        "jpy" | "yen" => "jpy",
        "sgd" => "sgd",
        "aud" => "aud",
        "nzd" => "nzd",
        "cad" => "cad",
        "hkd" => "hkd",
        "chf" | "francs" => "chf",
        "sek" => "sek",
        "dkk" => "dkk",
        "nok" => "nok",
        "pln" | "zloty" => "pln",
        "aed" | "dirham" | "dirhams" => "aed",
        "\u{20b9}" | "inr" | "rupee" | "rupees" | "rs" => "inr",
        _ => return None,
    })
}

/// The currency of a dollar sign behind these letters.
pub fn dollar_of(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "us" => "usd",
        "s" => "sgd",
        "a" | "au" => "aud",
        "nz" => "nzd",
        "c" | "ca" => "cad",
        "hk" => "hkd",
        _ => return None,
    })
}

/// Chinese currencies, longer ones first.
pub const HAN_CURRENCIES: [(&str, &str); 10] = [
    ("人民币", "cny"),
    ("美元", "usd"),
    ("美金", "usd"),
    ("欧元", "eur"),
    ("英镑", "gbp"),
    ("日元", "jpy"),
    ("港币", "hkd"),
    ("新币", "sgd"),
    ("元", "cny"),
    ("块", "cny"),
];

/// How a run of digits is compared: without separators of thousands and without zeros that say nothing. `2.100` keeps its point, because a shop of
/// one country means two thousand by it and a shop of another one two.
pub fn number(raw: &str) -> String {
    let groups = |sign: char| raw.split(sign).skip(1).all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = match (raw.contains(','), raw.contains('.')) {
        (true, false) if groups(',') => raw.replace(',', ""),
        (true, false) => raw.replacen(',', ".", 1),
        (true, true) if raw.rfind('.') > raw.rfind(',') => raw.replace(',', ""),
        (true, true) => raw.replace('.', "").replace(',', "."),
        _ => raw.to_owned(),
    };
    let short = match plain.split_once('.') {
        Some((whole, part)) if part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            let part = part.trim_end_matches('0');
            if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
        }
        _ => plain,
    };
    let bare = short.trim_start_matches('0');
    if bare.is_empty() || bare.starts_with('.') { format!("0{bare}") } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_compared_by_what_they_mean() {
        for (raw, expect) in [
            ("50", "50"),
            ("50.00", "50"),
            ("4.50", "4.5"),
            ("4,50", "4.5"),
            ("1,234.50", "1234.5"),
            ("1.234,50", "1234.5"),
            ("1,500", "1500"),
            ("2.100", "2.100"),
            ("007", "7"),
            ("0", "0"),
            ("0.50", "0.5"),
            ("000", "0"),
            ("1,2,3", "1.2,3"),
            ("٣", "٣"),
        ] {
            assert_eq!(number(raw), expect, "{raw}");
        }
    }
}
