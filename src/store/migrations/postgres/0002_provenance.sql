-- What each part of a bot message rests on, and what the message was made with; NULL in the messages of before.
ALTER TABLE messages ADD COLUMN statements TEXT;
ALTER TABLE messages ADD COLUMN made_with TEXT;

-- What entries said, by the hash of it: a message can be checked against the version it was taken from, whatever became of the entry since.
CREATE TABLE entry_versions (
    version  TEXT   NOT NULL PRIMARY KEY,
    entry_id TEXT   NOT NULL,
    question TEXT   NOT NULL,
    answer   TEXT   NOT NULL,
    seen_at  BIGINT NOT NULL
);
