import { describe, expect, it } from 'vitest';
import { parseRichText, parseRuns } from '@/ui/RichText';

describe('parseRichText', () => {
  it('splits at blank lines and nowhere else', () => {
    expect(parseRichText('Один\nи тот же\r\n\r\n\n Второй \n')).toEqual(['Один\nи тот же', 'Второй']);
  });
});

describe('parseRuns', () => {
  it('knows bold', () => {
    expect(parseRuns('Карта **Луна** светит')).toEqual([
      { text: 'Карта ', bold: false },
      { text: 'Луна', bold: true },
      { text: ' светит', bold: false },
    ]);
  });

  it('takes an open pair as bold to the end, and shows no half of an asterisk pair', () => {
    expect(parseRuns('Карта **Лу')).toEqual([
      { text: 'Карта ', bold: false },
      { text: 'Лу', bold: true },
    ]);
    expect(parseRuns('Карта *')).toEqual([{ text: 'Карта ', bold: false }]);
  });

  it('takes a heading as a bold line', () => {
    expect(parseRuns('## Итог')).toEqual([{ text: 'Итог', bold: true }]);
  });

  it('leaves markup as the text that it is', () => {
    const text = '<img src=x onerror=alert(1)> [a](javascript:b)';
    expect(parseRuns(text)).toEqual([{ text, bold: false }]);
  });
});
