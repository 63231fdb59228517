"""What S3 answers about small objects: an object is there after one PUT, until a call of DeleteObjects."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response

from tests.integrations.servers import serving

TIME = "Tue, 01 Dec 2026 06:30:00 GMT"


@dataclass
class Bucket:
    """`objects` by path, with their content; `signatures` of all requests."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    signatures: list[str] = field(default_factory=list)


@contextmanager
def serving_bucket() -> Iterator[Bucket]:
    app, bucket = FastAPI(), Bucket()

    @app.api_route("/{path:path}", methods=["PUT", "GET", "POST"])
    async def call(path: str, request: Request) -> Response:
        bucket.signatures.append(request.headers["authorization"])
        if request.method == "PUT":
            bucket.objects[path] = await request.body()
            return Response(headers={"ETag": '"1"'})
        if request.method == "POST" and "delete" in request.query_params:
            keys = re.findall("<Key>(.*?)</Key>", (await request.body()).decode())
            for key in keys:
                bucket.objects.pop(f"{path.rstrip('/')}/{key}", None)
            deleted = "".join([f"<Deleted><Key>{key}</Key></Deleted>" for key in keys])
            return Response(f"<DeleteResult>{deleted}</DeleteResult>", media_type="application/xml")
        if path not in bucket.objects:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        return Response(bucket.objects[path], headers={"ETag": '"1"', "Last-Modified": TIME})

    with serving(app) as bucket.url:
        yield bucket
