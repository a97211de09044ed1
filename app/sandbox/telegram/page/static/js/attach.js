/** Photos, films, files, contact and place: chosen, looked at, sent. */

import * as api from './api.js';
import { h, icon } from './dom.js';
import { actions, dialogHead } from './dialogs.js';
import { sizeOf, t } from './i18n.js';

const MOST_IN_ALBUM = 10;
// Palace Square in Saint Petersburg: the desk has no place of its own.
const PLACE = { latitude: 59.9398, longitude: 30.3146 };

/** `reply()` gives what the composer's bar adds to a message. */
export function attachments(host, reply) {
  const choose = (accept) => {
    const input = h('input', { type: 'file', multiple: true, accept });
    input.addEventListener('change', () => offer([...input.files], { asFile: !accept }));
    input.click();
  };

  function menu(at) {
    return host.dialogs.menu(
      [
        { label: t('photoOrVideo'), icon: icon('photo'), run: () => choose('image/*,video/*') },
        { label: t('file'), icon: icon('file'), run: () => choose('') },
        { label: t('myContact'), icon: icon('person'), run: () => host.shareContact() },
        { label: t('location'), icon: icon('place'), run: () => host.say({ location: PLACE, ...reply() }) },
      ],
      at,
      { label: t('attach') },
    );
  }

  /** Shows what is about to be sent; sends it when the person agrees. */
  async function offer(chosen, { asFile = false } = {}) {
    const files = chosen.slice(0, MOST_IN_ALBUM);
    if (!files.length) return;
    const addresses = files.map((file) => (file.type.startsWith('image/') ? URL.createObjectURL(file) : null));
    const visual = files.every((file) => /^(image|video)\//.test(file.type));
    const answer = await host.dialogs.show(
      (close) => {
        const caption = h('input', {
          type: 'text',
          maxlength: '1024',
          'aria-label': t('caption'),
          placeholder: t('caption'),
        });
        const plain = h('input', { type: 'checkbox', checked: asFile || !visual, disabled: !visual });
        const send = (event) => {
          event.preventDefault();
          close({ caption: caption.value.trim(), asFile: plain.checked });
        };
        return h(
          'form',
          { on: { submit: send } },
          dialogHead(t('sendFiles'), close),
          h(
            'ul',
            { class: 'offer' },
            files.map((file, index) =>
              h(
                'li',
                {},
                addresses[index] ? h('img', { src: addresses[index], alt: '' }) : icon('file'),
                h('span', {}, file.name),
                h('small', {}, sizeOf(file.size)),
              ),
            ),
          ),
          h('label', { class: 'field' }, caption),
          visual && h('label', { class: 'field check' }, plain, h('span', {}, t('sendAsFile'))),
          actions([
            [t('cancel'), () => close(), ''],
            [t('send'), null, 'primary'],
          ]),
        );
      },
      { label: t('sendFiles') },
    );
    for (const address of addresses) if (address) URL.revokeObjectURL(address);
    if (answer) await host.dialogs.attempt(() => send(files, answer));
  }

  async function send(files, { caption, asFile }) {
    const items = [];
    for (const file of files) {
      const kind = asFile ? 'document' : kindOf(file);
      items.push({ [kind]: await api.upload(file, file.name, kind) });
    }
    const extra = { ...reply(), ...(caption ? { caption } : {}) };
    if (items.length === 1) await host.say({ ...items[0], ...extra });
    else
      await host.say({
        album: items.map((item, index) => (index ? item : { ...item, ...(caption ? { caption } : {}) })),
        ...(extra.reply_to ? { reply_to: extra.reply_to } : {}),
      });
  }

  return { menu, offer };
}

function kindOf(file) {
  if (file.type === 'image/gif') return 'animation';
  if (file.type.startsWith('image/') && file.type !== 'image/svg+xml') return 'photo';
  if (file.type.startsWith('video/')) return 'video';
  if (file.type.startsWith('audio/')) return 'audio';
  return 'document';
}
