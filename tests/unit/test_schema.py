#!/usr/bin/python3
"""config/schema.json against what lacon takes and refuses.

The files in tests/fuzz/corpus/config are named after who refuses them: good- nobody, bad- lacon and the
schema, cross- lacon alone (a schema cannot compare values), text- even a reader of YAML. The same files are
given to lacon by test_config_docs.c. Prints what is wrong; exit status 1 when something is.
"""
import copy
import glob
import json
import os
import sys

import jsonschema
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.join(TOP, "tests", "fuzz", "corpus", "config")


def load_yaml(path):
    """The one document of a file."""
    with open(path, "rb") as text:
        return yaml.safe_load(text)


def paths(tree, path=()):
    """The path of everything in a tree, the tree itself first."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from paths(value, path + (key,))


def changed(tree, path, change):
    """A copy of the tree in which change(container, key) was done at `path`."""
    tree = copy.deepcopy(tree)
    at = tree
    for step in path[:-1]:
        at = at[step]
    change(at, path[-1])
    return tree


def check_file(validator, path):
    """Does the schema judge this file as its name says?"""
    name = os.path.basename(path)
    kind = name.split("-")[0]
    if kind == "text":
        return
    errors = list(validator.iter_errors(load_yaml(path)))
    if kind == "bad" and not errors:
        yield f"{name}: the schema takes it"
    if kind in ("good", "cross"):
        yield from (f"{name}: {e.json_path}: {e.message}" for e in errors)


def check_each_value(validator, path):
    """In a good file, a group of unknown keys in place of any value is refused."""
    tree = load_yaml(path)
    for where in paths(tree):
        if where and validator.is_valid(changed(tree, where, lambda at, key: at.__setitem__(key, {"x": 1}))):
            yield f"{os.path.basename(path)}: the schema takes anything at {where}"


def resolve(schema, part):
    """A subschema, its reference followed."""
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
    return part


def check_required(schema, validator, path):
    """In a good file, no required key may be missing."""
    tree = load_yaml(path)
    for where in paths(tree):
        part, at = schema, tree
        for step in where:
            part = resolve(schema, part["items"] if isinstance(step, int) else part["properties"][step])
            at = at[step]
        for key in part.get("required", []) if isinstance(at, dict) else []:
            if validator.is_valid(changed(tree, where + (key,), lambda at, key: at.__delitem__(key))):
                yield f"{os.path.basename(path)}: the schema does not miss {key} at {where}"


def main():
    """Exit status 0 when nothing is wrong."""
    with open(os.path.join(TOP, "config", "schema.json"), encoding="utf-8") as text:
        schema = json.load(text)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    files = sorted(glob.glob(os.path.join(CORPUS, "*-*.yaml")))
    classes = {os.path.basename(f).split("-")[0] for f in files}
    problems = [] if {"good", "bad", "cross", "text"} <= classes else [f"{CORPUS}: classes are {classes}"]
    for path in files:
        problems += check_file(validator, path)
    for path in (os.path.join(CORPUS, "good-every-key.yaml"), os.path.join(TOP, "config", "example.yaml")):
        problems += check_each_value(validator, path)
        problems += check_required(schema, validator, path)
    print("\n".join(problems) or f"{len(files)} files judged as they should be")
    sys.exit(1 if problems else 0)


main()
