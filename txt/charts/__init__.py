"""Drawings without a screen: plain commands and screens share them."""
