-- What does not move in a consumer, for /health: a partition ("topic/3"), or the whole group (an empty place). A row
-- lives as long as its process refreshes it.
CREATE TABLE stalled_consumer (
    consumer_group text NOT NULL,
    place          text NOT NULL,
    process        text NOT NULL,
    reason         text NOT NULL,
    seen_at        timestamptz(3) NOT NULL,
    PRIMARY KEY (consumer_group, place, process)
);
