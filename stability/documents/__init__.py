"""How any result shows itself: blocks, numbers, formulas, text, Markdown and HTML; knows no mathematics."""
