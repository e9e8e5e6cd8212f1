"""A picture with all that can clash: ids, references of three kinds and a style sheet."""

CIRCLE = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">
<defs><clipPath id="frame"><rect width="10" height="10"/></clipPath><circle id="dot" r="1"/></defs>
<style>circle { stroke: #0072b2 }</style>
<g clip-path="url(#frame)"><circle cx="5" cy="5" r="4" fill="none"/></g>
<use xlink:href="#dot" x="5" y="5"/>
</svg>
"""
