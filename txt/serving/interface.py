"""The OpenAPI document of a server."""

from typing import Any

from txt.config import ServeConfig
from txt.version import __version__


def describe_interface(models: list[str], config: ServeConfig, has_token: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a server with these models."""
    prediction = {
        "type": "object",
        "properties": {
            "label": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
        },
    }
    text: dict[str, Any] = {"type": "string", "minLength": 1}
    request = {
        "type": "object",
        "properties": {
            "text": text,
            "texts": {"type": "array", "items": {"type": "string"}, "maxItems": config.max_texts},
            "model": {"type": "string", "enum": models},
        },
        "oneOf": [{"required": ["text"]}, {"required": ["texts"]}],
        "additionalProperties": False,
    }
    one = {"type": "object", "properties": {"model": {"type": "string"}, **prediction["properties"]}}  # type: ignore[dict-item]
    many = {
        "type": "object",
        "properties": {
            "model": {"type": "string"},
            "predictions": {"type": "array", "items": {"oneOf": [prediction, {"type": "null"}]}},
        },
    }
    error = {"type": "object", "properties": {"error": {"type": "string"}, "hint": {"type": "string"}}}

    def answer(told: str, schema: dict[str, Any]) -> dict[str, Any]:
        return {"description": told, "content": {"application/json": {"schema": schema}}}

    refused = {
        "400": "the request makes no sense",
        "401": "the token is missing or wrong",
        "404": "there is no such model",
        "413": "the request is too large",
        "415": "the request is not JSON",
        "503": "too many texts wait already",
        "504": "it took too long",
    }
    plain = {"responses": {"200": {"description": "answered"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "txt serve", "version": __version__},
        "paths": {
            "/predict": {
                "post": {
                    "summary": "Classify a text or several",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
                    "responses": {
                        "200": answer("the answer, or those to several texts", {"oneOf": [one, many]}),
                        **{status: answer(told, error) for status, told in refused.items()},
                    },
                    **({"security": [{"token": []}]} if has_token else {}),
                }
            },
            "/health": {"get": {"summary": "Whether the server answers", **plain}},
            "/models": {"get": {"summary": "What each model knows", **plain}},
            "/metrics": {"get": {"summary": "Counts, for Prometheus", **plain}},
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
