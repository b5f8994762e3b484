-- What the peers of `database` work on. Autovacuum would run in the middle of a
-- measurement, so the tables that change are vacuumed between the runs instead.

CREATE TABLE books (
    id int8 PRIMARY KEY,
    title text NOT NULL,
    isbn text NOT NULL,
    pages int4 NOT NULL,
    published bool NOT NULL,
    author_id int8 NOT NULL,
    created_at timestamptz NOT NULL
);

INSERT INTO books
SELECT n, 'The title of book ' || n, '978-0-' || lpad(n::text, 7, '0'), 100 + n % 900, n % 3 <> 0,
    1 + n % 200, timestamptz '2024-01-01' + n * interval '37 minutes'
FROM generate_series(1, 10000) AS n;

CREATE TABLE stock (id int8 PRIMARY KEY, copies int4 NOT NULL)
WITH (autovacuum_enabled = off, fillfactor = 50);

INSERT INTO stock SELECT n, 0 FROM generate_series(1, 10000) AS n;

CREATE TABLE events (
    id int8 NOT NULL,
    title text NOT NULL,
    pages int4 NOT NULL,
    published bool NOT NULL
)
WITH (autovacuum_enabled = off);
