"""The afternoon solution: what changed since X, from PostgreSQL, as one writes it in an afternoon."""

import os
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

FAR_AHEAD = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8)
    yield
    await app.state.pool.close()


def signed_in(authorization: str = Header()):
    if authorization != "Bearer " + os.environ["API_KEY"]:
        raise HTTPException(401)


app = FastAPI(lifespan=lifespan, dependencies=[Depends(signed_in)])


class Change(BaseModel):
    subject: str


@app.get("/activities")
async def changed(since: datetime, until: datetime = FAR_AHEAD, size: int = 10, page: int = 1):
    async with app.state.pool.acquire() as connection:
        total = await connection.fetchval(
            "SELECT count(*) FROM activity WHERE last_modified >= $1 AND last_modified <= $2",
            since, until,
        )
        rows = await connection.fetch(
            "SELECT * FROM activity WHERE last_modified >= $1 AND last_modified <= $2"
            " ORDER BY last_modified DESC, id DESC LIMIT $3 OFFSET $4",
            since, until, size, size * (page - 1),
        )
    return {"page": page, "size": size, "total": total, "activities": [dict(row) for row in rows]}


@app.patch("/activities/{id}")
async def change(id: int, change: Change):
    found = await app.state.pool.fetchrow(
        "UPDATE activity SET subject = $2, last_modified = now() WHERE id = $1 RETURNING *",
        id, change.subject,
    )
    if found is None:
        raise HTTPException(404)
    return dict(found)
