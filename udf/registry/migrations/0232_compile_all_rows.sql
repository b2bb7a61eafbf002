-- ml.compile takes one argument more.
drop function if exists ml.compile(text, text, integer);
