"""Demand forecasts and orders for a chain of corner shops."""
