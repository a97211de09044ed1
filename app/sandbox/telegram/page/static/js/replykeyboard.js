/** The keyboard that a bot puts in place of the phone's. https://core.telegram.org/bots/api#replykeyboardmarkup */

import { h, icon } from './dom.js';

const MARKS = {
  request_contact: 'person',
  request_chat: 'people',
  request_users: 'person',
  request_location: 'place',
  web_app: 'window',
};

export function replyKeyboard(markup, onPress) {
  return h(
    'div',
    { class: 'reply-keyboard' },
    markup.keyboard.map((row, y) =>
      h(
        'div',
        { class: 'inline-row' },
        row.map((source, x) => {
          const button = typeof source === 'string' ? { text: source } : source;
          const mark = Object.keys(MARKS).find((name) => button[name]);
          return h(
            'button',
            {
              type: 'button',
              class: `key ${button.style ? `style-${button.style}` : ''}`,
              dataset: { control: `key${y}:${x}` },
              on: { click: () => onPress(button) },
            },
            mark && icon(MARKS[mark]),
            h('span', {}, button.text),
          );
        }),
      ),
    ),
  );
}
