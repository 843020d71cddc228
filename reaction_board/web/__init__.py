"""The page for people: HTML, scripts and styles. It does everything else through the API."""
