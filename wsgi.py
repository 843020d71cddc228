"""What a WSGI server runs: `gunicorn wsgi:app`."""

from reaction_board import create_app

app = create_app()
