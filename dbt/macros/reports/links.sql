{#
    The end of an address that sets the filter Model of a page about models: every such page has a
    filter with the id NATIVE_FILTER-model. Superset reads the value as Rison, in which ! escapes.
#}
{% macro model_filter(label) -%}
    {%- set value = "replace(replace(" ~ label ~ ", '!', '!!'), '''', '!''')" -%}
    {%- set escaped = namespace(sql=value) -%}
    {%- for character, code in [
        ("%", "%25"),
        (" ", "%20"),
        ("&", "%26"),
        ("#", "%23"),
        ("+", "%2B"),
        ('"', "%22"),
    ] -%}
        {%- set escaped.sql = (
            "replace(" ~ escaped.sql ~ ", '" ~ character ~ "', '" ~ code ~ "')"
        ) -%}
    {%- endfor -%}
    (
        '?native_filters=(NATIVE_FILTER-model:(extraFormData:(filters:!((col:model_label,op:IN,val:!('''
        || {{ escaped.sql }}
        || ''')))),filterState:(label:'''
        || {{ escaped.sql }}
        || ''',value:!('''
        || {{ escaped.sql }}
        || ''')),id:NATIVE_FILTER-model,ownState:()))'
    )
{%- endmacro %}
