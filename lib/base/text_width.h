/* text_width.h -- how many columns of a terminal a text takes, and how much of it fits. */
#ifndef BASE_TEXT_WIDTH_H
#define BASE_TEXT_WIDTH_H

/* Columns text (UTF-8) takes: wide (East Asian) characters count two, combining ones none. */
int text_width(const char *text);
/* text cut to columns (then ending in an ellipsis); new text.  What could act on a terminal
 * (control characters, those that turn the direction of text around) and broken UTF-8 become '?',
 * line breaks and tabs a blank. */
char *text_width_fit(const char *text, int columns);
/* The whole text so that no two texts look alike: what text_width_fit would replace, what takes no
 * column, blanks other than ' ', broken UTF-8, and a blank at an end make it a text in quotes as
 * JSON writes it ("a\u200bb"; a broken byte is \xFF).  New text. */
char *text_width_exact(const char *text);

#endif
