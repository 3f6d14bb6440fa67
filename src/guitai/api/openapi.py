"""The OpenAPI document, made from the table that serves the requests."""

import re
from functools import lru_cache
from typing import Any

import msgspec

from guitai.api import auth, shapes
from guitai.api.endpoints import CLERK, NOBODY, Endpoint
from guitai.api.routes import ENDPOINTS

_PARAM = re.compile(r"<uuid:(\w+)>")
_REF = "#/components/schemas/{name}"
_REFUSALS = {
    400: "內容不是正確的 JSON",
    401: "裝置未綁定或尚未登入",
    403: "沒有權限",
    404: "找不到",
    405: "位址不接受這個方法",
    409: "與現況衝突",
    413: "內容太大",
    422: "輸入有誤",
    423: "PIN 已鎖定",
    503: "暫時沒有回應",
}


@lru_cache(maxsize=1)
def document() -> bytes:
    """OpenAPI 3.1 as JSON bytes."""
    types = [t for endpoint in ENDPOINTS for t in (endpoint.body, endpoint.answer) if t]
    _, components = msgspec.json.schema_components([*types, shapes.Refusal], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        address = "/api/till/" + _PARAM.sub(r"{\1}", endpoint.path)
        paths.setdefault(address, {})[endpoint.method.lower()] = _operation(endpoint)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Guitai 櫃台 收銀 API", "version": "1"},
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "device": {"type": "http", "scheme": "bearer"},
                    "cookie": {"type": "apiKey", "in": "cookie", "name": auth.COOKIE},
                    "session": {"type": "apiKey", "in": "header", "name": "X-Guitai-Session"},
                },
            },
        }
    )


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": endpoint.summary,
        "content": _content(endpoint.answer),
    }
    responses: dict[str, Any] = {str(endpoint.status): success}
    responses |= {str(code): {"description": words} for code, words in endpoint.extra.items()}
    responses |= {
        str(code): {"description": words, "content": _content(shapes.Refusal)}
        for code, words in _REFUSALS.items()
    }
    found: dict[str, Any] = {
        "operationId": _name_of(endpoint),
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": responses,
        "security": _security(endpoint),
    }
    if endpoint.needs:
        found["description"] = "需要權限：" + "、".join(endpoint.needs)
    if endpoint.body is not None:
        found["requestBody"] = {"required": True, "content": _content(endpoint.body)}
    return found


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    """The device by bearer token or cookie, and beside it the clerk's session where one acts."""
    if endpoint.who == NOBODY:
        return []
    clerk: dict[str, list[str]] = {"session": []} if endpoint.who == CLERK else {}
    return [{"device": [], **clerk}, {"cookie": [], **clerk}]


def _name_of(endpoint: Endpoint) -> str:
    words = _PARAM.sub("one", endpoint.path).replace("-", "_").replace("/", "_")
    return f"{endpoint.method.lower()}_{words}"


def _content(shape: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_REF)
    return {"application/json": {"schema": schema}}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _UUID}
        for name in _PARAM.findall(endpoint.path)
    ]
    found += [
        {"name": q.name, "in": "query", "description": q.words, "schema": dict(q.schema)}
        for q in endpoint.query
    ]
    found += [
        {"name": h.name, "in": "header", "description": h.words, "schema": dict(h.schema)}
        for h in endpoint.headers
    ]
    return found


_UUID = {"type": "string", "format": "uuid"}
