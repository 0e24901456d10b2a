"""stats: medians and spread of rounds, ratios of what ran in the same round."""
import statistics


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def spread(values):
    """Median, lowest and highest."""
    values = [v for v in values if v is not None]
    return {"median": statistics.median(values), "low": min(values), "high": max(values)} if values else None


def ratio(above, below):
    """Of two lists by round: each round's ratio, its median and spread."""
    return spread([a / b for a, b in zip(above, below) if a is not None and b])
