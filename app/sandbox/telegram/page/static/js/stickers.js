/** A handful of stickers, drawn on the spot: the desk has no sticker sets. */

import * as api from './api.js';
import { h } from './dom.js';
import { t } from './i18n.js';

const EMOJI = ['👋', '❤️', '😂', '😍', '🤔', '😢', '🔮', '🌙', '✨', '🙏', '👍', '🔥'];
const SIZE = 512;

/** 512 pixels in WebP, as Telegram's own static stickers are. */
function draw(emoji) {
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const context = canvas.getContext('2d');
  context.font = '380px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = '#7c6bd6';
  context.fillText(emoji, SIZE / 2, SIZE / 2 + 20);
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.9 });
}

export function stickerPanel(host, reply) {
  const send = async (emoji) => {
    await host.dialogs.attempt(async () => {
      const sticker = await api.upload(await draw(emoji), 'sticker.webp', 'sticker');
      await host.say({ sticker, ...reply() });
    });
  };
  return h(
    'div',
    { class: 'sticker-panel', role: 'group', 'aria-label': t('stickers') },
    EMOJI.map((emoji) =>
      h(
        'button',
        {
          type: 'button',
          class: 'sticker-choice',
          'aria-label': t('sendSticker', { emoji }),
          on: { click: () => send(emoji) },
        },
        emoji,
      ),
    ),
  );
}
