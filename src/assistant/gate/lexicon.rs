//! Words that the gate knows, in English and Chinese.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Words without a statement of their own: articles, pronouns, auxiliaries, particles and politeness.
static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a about above actually after afraid again all along already also am an and another any anyone anything are aren't around as at away \
    back be because been before being below between both but by can can't cannot could couldn't dear did didn't directly do does \
    doesn't doing don't \
    down during each either else even ever every everything fine first for from further glad going gladly had happy has hasn't have \
    haven't having he hello help here hers hi him his how however i i'd i'll i'm i've if in indeed instead into is isn't it it's its \
    itself just \
    kindly let like long many may me might mine more most much must mustn't my need needn't neither never nice no nor not now of off ok \
    okay on once one ones only \
    onto or other others our ours out over own per perfectly please quite rather really right same shall she should shouldn't simply \
    since so some somebody someone \
    something soon sorry still such sure than thank thanks that that's the their theirs them then there there's these they they're thing \
    things this those though through to together too unfortunately under unless until up upon us very via want was wasn't way we we'd \
    we'll we're \
    we've well were weren't what whatever when whenever where whether which while who whoever whole whom whose why will with within \
    without won't would \
    wouldn't yes yet you you'd you'll you're you've your yours yourself welcome case worry of-course course \
    except only solely exclusively"
        .split_whitespace()
        .collect()
});

/// Words that carry little: nearly every sentence has one of them.
static WEAK: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "possible apply applies take get give go make come keep need want use used allow offer see know work works happen contain include \
    includes included depend mean means count \
    counts look call called add ask become put set find there's run"
        .split_whitespace()
        .collect()
});

/// Chinese characters without a statement of their own.
const EMPTY_HAN: &str = "的了吗呢吧啊呀么嘛我你您他她它们咱这那个些哪几是有在和与跟或就也都还再又很太要想会能可以请问一下谢好什怎样如何为多少久时候到给把被让从对将已即可于之其后前内上下则而且但并由需抱歉憾";

/// Whether a lower-cased word says nothing by itself.
pub fn is_empty(word: &str) -> bool {
    EMPTY.contains(word)
}

/// Whether a word carries little.
pub fn is_weak(word: &str) -> bool {
    WEAK.contains(word)
}

/// Whether a Chinese character says nothing by itself.
pub fn is_empty_han(c: char) -> bool {
    EMPTY_HAN.contains(c)
}

/// Words that deny what follows them. `no more than` and its like are bounds and taken out before.
pub fn denies(word: &str) -> bool {
    word.ends_with("n't")
        || matches!(
            word,
            "not"
                | "no"
                | "never"
                | "cannot"
                | "without"
                | "neither"
                | "nor"
                | "none"
                | "nothing"
                | "nobody"
                | "nowhere"
                | "unable"
                | "impossible"
                | "unavailable"
                | "ineligible"
                | "excluded"
                | "excludes"
                | "cant"
                | "dont"
                | "doesnt"
                | "wont"
                | "isnt"
                | "arent"
                | "hardly"
        )
}

/// A word that both denies and says something: what it denies.
pub fn denied_part(word: &str) -> Option<&'static str> {
    Some(match word {
        "impossible" => "possible",
        "unavailable" => "available",
        "ineligible" => "eligible",
        _ => return None,
    })
}

/// Words before which a denial ends.
pub fn ends_denial(word: &str) -> bool {
    matches!(
        word,
        "but"
            | "if"
            | "unless"
            | "when"
            | "because"
            | "although"
            | "though"
            | "while"
            | "so"
            | "and"
            | "which"
            | "where"
            | "until"
            | "except"
            | "since"
            | "then"
    )
}

/// Chinese characters that deny.
pub fn denies_han(c: char) -> bool {
    matches!(c, '不' | '没' | '无' | '未' | '别' | '非' | '勿' | '莫' | '否')
}

/// Chinese words with a character that denies elsewhere.
pub const NO_DENIAL: [&str; 26] = [
    "不过",
    "不仅",
    "不但",
    "不错",
    "不同",
    "不论",
    "无论",
    "特别",
    "别的",
    "个别",
    "分别",
    "区别",
    "类别",
    "级别",
    "性别",
    "未来",
    "差不多",
    "对不起",
    "不好意思",
    "没问题",
    "没关系",
    "不超过",
    "不少于",
    "不低于",
    "不高于",
    "是否",
];

/// What begins a condition; the words behind it belong to it.
pub fn begins_condition(word: &str) -> bool {
    matches!(
        word,
        "if" | "unless" | "when" | "once" | "provided" | "except" | "until" | "before" | "after" | "whenever" | "while" | "excluding"
    )
}

/// Limits that must not be added nor left out; each is compared by the name behind it.
pub fn limit(word: &str) -> Option<&'static str> {
    Some(match word {
        "only" | "solely" | "exclusively" => "only",
        "unless" => "unless",
        "except" | "excluding" | "besides" | "apart" => "except",
        _ => return None,
    })
}

/// The state of an order that a word speaks of.
pub fn status(word: &str) -> Option<Status> {
    use Status::{Cancelled, Delivered, Pending, Processed, Refunded, Returned, Shipped};
    Some(match word {
        "shipped" | "dispatched" | "despatched" | "ships" | "ship" | "dispatch" | "sent" | "send" | "transit" | "shipping" | "posted"
        | "shipment" | "sending" | "sends" => Shipped,
        "delivered" | "arrived" | "deliver" | "delivers" | "arrive" | "arrives" | "delivery" | "received" => Delivered,
        "cancelled" | "canceled" | "cancel" | "cancels" | "cancellation" | "cancelling" => Cancelled,
        "refunded" | "reimbursed" | "refund" | "refunds" | "refunding" => Refunded,
        "pending" | "awaiting" => Pending,
        "processed" | "processing" | "packed" | "process" | "prepared" => Processed,
        "returned" | "return" | "returns" | "returning" => Returned,
        _ => return None,
    })
}

/// Whether a word says that a state is reached, not that it may be.
pub fn is_reached(word: &str) -> bool {
    matches!(
        word,
        "shipped"
            | "dispatched"
            | "despatched"
            | "posted"
            | "transit"
            | "delivered"
            | "arrived"
            | "cancelled"
            | "canceled"
            | "refunded"
            | "reimbursed"
            | "pending"
            | "awaiting"
            | "processed"
            | "processing"
            | "packed"
            | "returned"
    )
}

/// States of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It left the shop.
    Shipped,
    /// It is with the shopper.
    Delivered,
    /// It was called off.
    Cancelled,
    /// The money went back.
    Refunded,
    /// It waits.
    Pending,
    /// It is being made ready.
    Processed,
    /// The goods went back.
    Returned,
}

/// Phrases of Chinese and English that say a state. Longer ones come first.
pub const STATUS_PHRASES: [(&str, Status); 34] = [
    (" on its way ", Status::Shipped),
    (" on the way ", Status::Shipped),
    (" under way ", Status::Shipped),
    (" on hold ", Status::Pending),
    (" not yet processed ", Status::Pending),
    (" being prepared ", Status::Processed),
    (" sent back ", Status::Returned),
    (" called off ", Status::Cancelled),
    ("已发货", Status::Shipped),
    ("发货", Status::Shipped),
    ("发出", Status::Shipped),
    ("寄出", Status::Shipped),
    ("运输", Status::Shipped),
    ("在途", Status::Shipped),
    ("在路上", Status::Shipped),
    ("送达", Status::Delivered),
    ("签收", Status::Delivered),
    ("妥投", Status::Delivered),
    ("送到", Status::Delivered),
    ("取消", Status::Cancelled),
    ("退款", Status::Refunded),
    ("退还", Status::Refunded),
    ("待处理", Status::Pending),
    ("待付款", Status::Pending),
    ("待发货", Status::Pending),
    ("等待", Status::Pending),
    ("处理中", Status::Processed),
    ("已处理", Status::Processed),
    ("处理", Status::Processed),
    ("备货", Status::Processed),
    ("退货", Status::Returned),
    ("退回", Status::Returned),
    ("寄回", Status::Returned),
    ("退换", Status::Returned),
];

/// The number of a month by its name in lower case.
pub fn month(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let word = word.trim_end_matches('.');
    let place = MONTHS
        .iter()
        .position(|name| *name == word || (word.len() == 3 && name.starts_with(word)) || (word == "sept" && *name == "september"))?;
    u8::try_from(place + 1).ok()
}

/// Names of which one excludes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A country or a region.
    Place,
    /// A day of the week.
    Weekday,
    /// A month.
    Month,
    /// Anything else: a product, a person, a brand.
    Other,
}

/// Days of the week in lower case, by their beginnings; short forms only where they are no other word.
pub fn weekday(word: &str) -> Option<&'static str> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let singular = word.strip_suffix('s').unwrap_or(word);
    DAYS.into_iter()
        .find(|day| *day == singular || (matches!(singular, "mon" | "tue" | "wed" | "thu" | "fri") && day.starts_with(singular)))
}

/// Places under one name, in both languages: a sentence may say `the States` where the source says `US`, and no other country.
const PLACES: [&str; 74] = [
    "usa|us|america|united-states|美国",
    "uk|united-kingdom|英国",
    "britain|great-britain",
    "england|英格兰",
    "scotland|苏格兰",
    "wales|威尔士",
    "germany|德国",
    "france|法国",
    "spain|西班牙",
    "italy|意大利",
    "austria|奥地利",
    "switzerland|瑞士",
    "netherlands|holland|荷兰",
    "belgium|比利时",
    "denmark|丹麦",
    "sweden|瑞典",
    "norway|挪威",
    "finland|芬兰",
    "iceland|冰岛",
    "ireland|爱尔兰",
    "portugal|葡萄牙",
    "poland|波兰",
    "greece|希腊",
    "czechia|捷克",
    "hungary|匈牙利",
    "romania|罗马尼亚",
    "croatia|克罗地亚",
    "slovenia|斯洛文尼亚",
    "slovakia|斯洛伐克",
    "bulgaria|保加利亚",
    "luxembourg|卢森堡",
    "malta|马耳他",
    "cyprus|塞浦路斯",
    "estonia|爱沙尼亚",
    "latvia|拉脱维亚",
    "lithuania|立陶宛",
    "turkey|土耳其",
    "russia|俄罗斯",
    "ukraine|乌克兰",
    "china|中国",
    "taiwan|台湾",
    "japan|日本",
    "korea|韩国",
    "india|印度",
    "singapore|新加坡",
    "malaysia|马来西亚",
    "thailand|泰国",
    "vietnam|越南",
    "indonesia|印尼",
    "philippines|菲律宾",
    "australia|澳大利亚",
    "zealand|新西兰",
    "canada|加拿大",
    "mexico|墨西哥",
    "brazil|巴西",
    "argentina|阿根廷",
    "israel|以色列",
    "uae|emirates|阿联酋",
    "africa|非洲",
    "europe|eu|european-union|欧盟",
    "asia|亚洲",
    "alaska",
    "hawaii",
    "california",
    "texas",
    "florida",
    "arizona",
    "香港",
    "澳门",
    "北京",
    "上海",
    "广州",
    "深圳",
    "海外",
];

/// The common name of a place, by a lower-cased word.
pub fn place(word: &str) -> Option<&'static str> {
    static TABLE: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let line = |line: &&'static str| {
            let first = line.split('|').next().unwrap_or_default();
            line.split('|').map(move |name| (name, first)).collect::<Vec<_>>()
        };
        PLACES.iter().flat_map(line).collect()
    });
    TABLE.get(word).copied()
}

/// The Chinese names of places that begin with a character, with their common names.
pub fn chinese_places(first: char) -> &'static [(&'static str, &'static str)] {
    static TABLE: LazyLock<HashMap<char, Vec<(&str, &str)>>> = LazyLock::new(|| {
        let mut table: HashMap<char, Vec<(&str, &str)>> = HashMap::new();
        for line in PLACES {
            let common = line.split('|').next().unwrap_or_default();
            for name in line.split('|') {
                if let Some(first) = name.chars().next().filter(|first| !first.is_ascii()) {
                    table.entry(first).or_default().push((name, common));
                }
            }
        }
        table
    });
    TABLE.get(&first).map_or(&[], Vec::as_slice)
}

/// Words that end the name of a street.
pub fn is_street(word: &str) -> bool {
    matches!(
        word,
        "street"
            | "st"
            | "road"
            | "rd"
            | "avenue"
            | "ave"
            | "lane"
            | "drive"
            | "square"
            | "boulevard"
            | "blvd"
            | "terrace"
            | "quay"
            | "platz"
            | "allee"
            | "weg"
            | "gasse"
    ) || ["straße", "strasse", "straat", "laan", "gracht", "plein", "gatan", "vej"]
        .iter()
        .any(|end| word.len() > end.len() && word.ends_with(end))
}
