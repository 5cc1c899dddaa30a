"""Reports: tables, figures and players made of the rows of one run or several, as Markdown, CSV and one HTML page."""
