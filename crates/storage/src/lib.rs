//! What is kept: entities, migrations, repositories on SQLite and PostgreSQL, and the Parquet archive.
