//! One turn of the bot: understand, retrieve, decide, compose, verify, commit.
