//! What the address of a database must look like. A fault never repeats the address: there is a password in it.

/// Parameters after the question mark that mean something. Any other one is refused: the driver would log it with its value.
const PARAMETERS: &[&str] =
    &["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "dbname", "user", "password", "application_name", "options"];

/// Why `url` cannot be used.
pub(super) fn fault(url: &str) -> Option<String> {
    let looks = "database.url must look like postgres://user:password@host:5432/name, or be empty for a file in the data folder";
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return Some(looks.to_owned());
    };
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("database.url holds white space; write it as %20, and copy the address again if there should be none".to_owned());
    }
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    // A password with an @ or a / of its own has to be written with %40 and %2F; else what follows is no host.
    let (authority, name) = address.split_once('/').unwrap_or((address, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let names: Vec<&str> =
        parameters.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair)).collect();
    let given = |name: &str| names.contains(&name);
    if authority.matches('@').count() > 1 || name.contains(['/', '@']) || address.contains('#') {
        return Some(format!("{looks}; in user and password write @ as %40, / as %2F, # as %23"));
    }
    let elsewhere = host.is_empty() && given("host");
    if !is_host(host) && !elsewhere {
        return Some(format!("{looks}; the host or the port is missing or wrong"));
    }
    if name.is_empty() && !given("dbname") {
        return Some(format!("{looks}; the name of the database is missing"));
    }
    let known = |name: &&str| PARAMETERS.contains(name) || (name.starts_with("options[") && name.ends_with(']'));
    names
        .into_iter()
        .find(|name| !known(name))
        .map(|_| format!("database.url holds a parameter that is none; after the question mark there can be {}", PARAMETERS.join(", ")))
}

/// A name or an address, perhaps with a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_name = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        // The folder of a socket is a host written with %2F.
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'%')),
    };
    is_name && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_others() {
        for url in [
            "postgres://me:hush@db.example:5432/desk",
            "postgresql://me:hush@db/desk?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://db/desk",
            "postgres://me@[::1]:5432/desk",
            "postgres://me:p%40ss%2F@127.0.0.1/desk?options[search_path]=desk",
            "postgres:///desk?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun%2Fpostgresql/desk",
        ] {
            assert_eq!(fault(url), None, "{url}");
        }
        for (url, part) in [
            ("mysql://me:hush@db/desk", "must look like postgres://"),
            ("db.example/desk", "must look like postgres://"),
            ("postgres://me:hush@db:port/desk", "the host or the port"),
            ("postgres://me:hush@db:0/desk", "the host or the port"),
            ("postgres://me:hush@/desk", "the host or the port"),
            ("postgres:///desk", "the host or the port"),
            ("postgres://me:hush@db", "the name of the database is missing"),
            ("postgres://me:hush@db/", "the name of the database is missing"),
            ("postgres://me:hush@hush@db/desk", "write @ as %40"),
            ("postgres://me:hu/sh@db/desk", "write @ as %40"),
            ("postgres://me:hu#sh@db/desk", "write @ as %40"),
            ("postgres://me:hu sh@db/desk", "white space"),
            ("postgres://me:hush@db/desk\n", "white space"),
            ("postgres://me@db/desk?passwd=hush", "a parameter that is none"),
        ] {
            let said = fault(url).unwrap_or_default();
            assert!(said.contains(part) && said.contains("database.url"), "{url}: {said}");
            assert!(!said.contains("hush") && !said.contains("hu/sh"), "{said}");
        }
    }
}
