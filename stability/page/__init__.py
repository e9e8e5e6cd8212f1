"""The report as one self-contained HTML file, with a phase portrait that can be played with."""

from .html import html_page as html_page
