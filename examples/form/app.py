"""
A form at the counter that is built from the capture standard: what the standard asks is what the form asks, in Chinese or English, and what the library finds wrong stands beside the field.

    flask --app app run
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import Flask, Response, render_template_string, request

from bankcif import CIF, Actor, Individual, party_from
from bankcif.errors import IntakeError
from bankcif.intake import capture_standards, form_description
from bankcif.party import PartyKind, ReferenceTables

Language = Literal["zh", "en"]

PAGE = """<!doctype html><html lang="{{ lang }}"><meta charset="utf-8"><title>{{ '开户' if lang == 'zh' else 'New customer' }}</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto } label { display: block; margin-top: .8rem } .wrong { color: #b00020 } input, select { font: inherit; width: 100% }</style>
<main><h1>{{ '开户' if lang == 'zh' else 'New customer' }}</h1>
{% if done %}<p role="status">{{ '已登记：' if lang == 'zh' else 'Registered: ' }}{{ done }}</p>{% endif %}
<form method="post" autocomplete="off">
{% for field in fields %}<label>{{ field.label[lang] }}{% if field.required %} *{% endif %}
{% if field.input == 'select' %}<select name="{{ field.name }}"><option></option>{% for one in field.options %}<option value="{{ one.value }}"{% if values[field.name] == one.value %} selected{% endif %}>{{ one[lang] }}</option>{% endfor %}</select>
{% else %}<input name="{{ field.name }}" type="{{ field.input }}"{% if field.required %} required{% endif %}{% if field.max_length %} maxlength="{{ field.max_length }}"{% endif %} value="{{ values[field.name] }}">{% endif %}
{% if field.help %}<small>{{ field.help[lang] }}</small>{% endif %}
{% for one in faults[field.name] %}<p class="wrong" role="alert">{{ one }}</p>{% endfor %}</label>{% endfor %}
<p><button>{{ '提交' if lang == 'zh' else 'Send' }}</button></p></form></main></html>"""
PLAIN = ("text", "date", "select", "tel", "email", "number")


def form(cif: CIF, operator: Callable[[], Actor], *, occasion: str = "lead") -> Flask:
    """The form over an open file; *operator* says who works at this counter, as the bank's sign-on has it."""
    app = Flask(__name__)
    tables = ReferenceTables()
    standard = capture_standards().of(PartyKind.INDIVIDUAL, occasion)
    described = form_description(standard, codes=tables.codes, document_types=tables.document_types)
    asked = {
        *standard.required,
        *(name for names in standard.any_of for name in names),
        "sex",
        "birth_date",
        "home_branch",
    }
    fields = [one for one in described["fields"] if one["input"] in PLAIN and one["name"] in asked]

    @app.route("/", methods=["GET", "POST"])
    def counter() -> Response:
        lang: Language = "en" if request.args.get("lang") == "en" else "zh"
        values: dict[str, str] = {one["name"]: request.form.get(one["name"], "").strip() for one in fields}
        faults: dict[str, list[str]] = {one["name"]: [] for one in fields}
        done, status = "", 200
        if request.method == "POST":
            try:
                party = party_from({name: value for name, value in values.items() if value}, Individual)
                key = f"form-{request.headers.get('x-request-id') or id(values)}"
                done = cif.customers.register(
                    party, channel="counter", source_key=key, actor=operator(), occasion=occasion
                ).cif_no
                values = dict.fromkeys(values, "")  # nothing of a customer stays on the screen
            except IntakeError as error:
                status = 422
                for fault in error.faults:
                    place = fault.path.removeprefix("$.").partition("[")[0].partition(".")[0]
                    faults.setdefault(place if place in faults else fields[0]["name"], []).append(fault.said(lang))
        page = render_template_string(PAGE, fields=fields, values=values, faults=faults, done=done, lang=lang)
        return Response(page, status=status, headers={"cache-control": "no-store"})

    return app
