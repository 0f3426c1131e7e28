"""The dashboard: a run while it trains, or its replay."""
