"""Usage: fill_postgresql.py CSV (DATABASE_URL in the environment). Fills a fresh database."""

import asyncio
import os
import sys

import asyncpg


async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute(
        """CREATE TABLE activity (
            id bigint PRIMARY KEY, subject text NOT NULL, note text NOT NULL,
            start_time timestamptz NOT NULL, end_time timestamptz, client_id bigint,
            system_user_id bigint, status_id bigint NOT NULL, status_name text NOT NULL,
            priority text NOT NULL, created timestamptz NOT NULL, created_by text,
            last_modified timestamptz NOT NULL, modified_by text)"""
    )
    await connection.copy_to_table("activity", source=sys.argv[1], format="csv")
    await connection.execute("CREATE INDEX ON activity (last_modified)")
    await connection.execute("VACUUM ANALYZE activity")
    await connection.close()


asyncio.run(main())
