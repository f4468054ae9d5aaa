"""The fuzzer's check of accepted requests, as this API means it."""

import schemathesis


@schemathesis.check
def schema_valid_is_accepted(ctx, response, case):
    """A request that fits the document is never one of the wrong shape.

    It may be refused for what the document cannot say: a product that there is not, say, has a code of its own, and
    whether a cursor is one that the list gave is seen only when it is read.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 415, 422):
        return
    problem = response.json()
    pointers = {error["pointer"] for error in problem.get("errors", [])}
    if problem["code"] in ("validation_failed", "malformed_json", "unsupported_media_type") and pointers != {"/cursor"}:
        raise AssertionError(f"A schema-valid request was refused: {problem}")
