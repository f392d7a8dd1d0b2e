//! The ports of the domains on SQLite. Only this room knows SQL.
