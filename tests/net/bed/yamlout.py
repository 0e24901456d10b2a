"""yamlout: writes plain dicts, lists and scalars as YAML that a person would have written."""
import re

PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*$|[0-9]+[A-Za-z]*$|[0-9.]+/[0-9]+$|[0-9]+-[0-9]+$")


def _scalar(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    return v if PLAIN.match(v) else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flat(v):
    return not isinstance(v, (dict, list)) or (isinstance(v, list) and not any(map(_is_tree, v)))


def _is_tree(v):
    return isinstance(v, (dict, list))


def dump(v, indent=""):
    lines = []
    if isinstance(v, dict):
        for key, value in v.items():
            if isinstance(value, list) and _flat(value):
                lines.append(f"{indent}{key}: [{', '.join(map(_scalar, value))}]")
            elif _is_tree(value):
                lines.append(f"{indent}{key}:")
                lines.append(dump(value, indent + "  "))
            else:
                lines.append(f"{indent}{key}: {_scalar(value)}")
    else:
        for item in v:
            if _is_tree(item):
                text = dump(item, indent + "  ")
                lines.append(f"{indent}- {text[len(indent) + 2:]}")
            else:
                lines.append(f"{indent}- {_scalar(item)}")
    return "\n".join(lines)
