import { Fragment, memo } from 'react';

export interface Run {
  text: string;
  bold: boolean;
}

/** Paragraphs of runs. Knows blank lines, line breaks and `**bold**`; everything else is plain text, never markup. */
export function parseRichText(text: string): string[] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter(Boolean);
}

/** While the text is still being written, a pair of asterisks may be open: its rest counts as bold. */
export function parseRuns(paragraph: string): Run[] {
  const heading = /^#{1,6}\s+/.exec(paragraph);
  const body = (heading ? paragraph.slice(heading[0].length) : paragraph).replace(/\*$/, (star) =>
    paragraph.endsWith('**') ? star : '',
  );
  return body
    .split('**')
    .map((text, index) => ({ text, bold: heading !== null || index % 2 === 1 }))
    .filter((run) => run.text !== '');
}

const Paragraph = memo(function Paragraph({ text }: { text: string }) {
  return (
    <p>
      {parseRuns(text).map((run, index) => {
        const lines = run.text.split('\n').map((line, i) => (
          <Fragment key={i}>
            {i > 0 ? <br /> : null}
            {line}
          </Fragment>
        ));
        return run.bold ? <strong key={index}>{lines}</strong> : <Fragment key={index}>{lines}</Fragment>;
      })}
    </p>
  );
});

/** Finished paragraphs are not rendered again while the last one grows. */
export function RichText({ text }: { text: string }) {
  return parseRichText(text).map((paragraph, index) => <Paragraph key={index} text={paragraph} />);
}
