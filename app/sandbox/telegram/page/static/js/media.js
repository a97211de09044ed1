/** Photos, films, sounds, files and the other things a message may carry. */

import { fileAddress } from './api.js';
import { h, icon } from './dom.js';
import { durationOf, sizeOf, t } from './i18n.js';
import { avatar, mediaKind, nameOf } from './names.js';

const WIDEST = 380;
const TALLEST = 400;

/** The element of a message's media, or null. `actions.photo(address, caption)` opens a picture at full size. */
export function mediaOf(message, actions) {
  const kind = mediaKind(message);
  return kind && RENDER[kind]?.(message[kind], message, actions);
}

/** A grid of the messages of one album. */
export function album(messages, actions) {
  const tiles = messages.filter((one) => one.photo || one.video);
  if (tiles.length !== messages.length)
    return h(
      'div',
      { class: 'stack' },
      messages.map((one) => mediaOf(one, actions)),
    );
  return h(
    'div',
    { class: `album album-${Math.min(tiles.length, 10)}`, role: 'group', 'aria-label': t('album') },
    tiles.map((one) => mediaOf(one, actions)),
  );
}

const hidden = (message) => (message.has_media_spoiler ? 'blurred' : '');

/** A box of the picture's own shape, so that nothing jumps when it arrives. */
function box(width, height) {
  if (!width || !height) return {};
  const scale = Math.min(1, WIDEST / width, TALLEST / height);
  return { width: `${Math.round(width * scale)}px`, 'aspect-ratio': `${width} / ${height}` };
}

const RENDER = {
  photo(sizes, message, actions) {
    const best = [...sizes].sort((one, other) => one.width - other.width).at(-1);
    const address = fileAddress(best.file_id);
    return h(
      'button',
      {
        type: 'button',
        class: `picture ${hidden(message)}`,
        'aria-label': t('photo'),
        style: box(best.width, best.height),
        on: { click: (event) => open(event, () => actions.photo(address)) },
      },
      h('img', { src: address, alt: message.caption ?? t('photo'), loading: 'lazy' }),
    );
  },
  video: (video, message) => film(video, { class: hidden(message), controls: true }),
  animation: (video) => film(video, { autoplay: true, loop: true, muted: true }),
  video_note: (video) =>
    h('div', { class: 'round' }, film({ ...video, width: video.length, height: video.length }, { controls: true })),
  voice: (voice) => sound(voice, { label: t('voice'), title: null }),
  audio: (audio) =>
    sound(audio, {
      label: t('audio'),
      title: [audio.performer, audio.title].filter(Boolean).join(' – ') || audio.file_name || t('audio'),
    }),
  sticker: (sticker) =>
    h(
      'div',
      { class: 'sticker' },
      sticker.is_video
        ? h('video', { src: fileAddress(sticker.file_id), autoplay: true, loop: true, muted: true, playsinline: true })
        : h('img', {
            src: fileAddress(sticker.file_id),
            alt: `${t('sticker')} ${sticker.emoji ?? ''}`,
            on: {
              error: (event) => event.target.replaceWith(h('span', { class: 'sticker-emoji' }, sticker.emoji ?? '🙂')),
            },
          }),
    ),
  document: (document) =>
    h(
      'a',
      {
        class: 'file',
        href: fileAddress(document.file_id),
        download: document.file_name ?? '',
        'aria-label': `${t('document')}: ${document.file_name ?? ''}`,
      },
      h('span', { class: 'file-mark', 'aria-hidden': 'true' }, icon('file')),
      h(
        'span',
        { class: 'file-text' },
        h('span', { class: 'file-name' }, document.file_name ?? t('document')),
        h('span', { class: 'file-size' }, sizeOf(document.file_size)),
      ),
    ),
  contact: (contact) =>
    h(
      'div',
      { class: 'contact' },
      avatar({ id: contact.user_id ?? 3, ...contact }),
      h(
        'span',
        { class: 'file-text' },
        h('span', { class: 'file-name' }, nameOf(contact)),
        h('a', { class: 'link', href: `tel:${contact.phone_number}` }, contact.phone_number),
      ),
    ),
  venue: (venue) => place(venue.location, venue.title, venue.address),
  location: (location, message) => (message.venue ? null : place(location, t('location'))),
};

function open(event, work) {
  const picture = event.currentTarget;
  if (picture.classList.contains('blurred')) picture.classList.remove('blurred');
  else work();
}

function film(video, attributes) {
  return h('video', {
    src: fileAddress(video.file_id),
    preload: 'metadata',
    playsinline: true,
    'aria-label': t('video'),
    style: box(video.width, video.height),
    ...attributes,
    class: `film ${attributes.class ?? ''}`,
  });
}

function place(location, title, address = '') {
  const words = `${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}`;
  return h(
    'div',
    { class: 'contact' },
    h('span', { class: 'file-mark place', 'aria-hidden': 'true' }, icon('place')),
    h(
      'span',
      { class: 'file-text' },
      h('span', { class: 'file-name' }, title),
      address && h('span', {}, address),
      h('span', { class: 'file-size' }, words),
    ),
  );
}

/** A player of our own: one button and a line. */
function sound(file, { label, title }) {
  const player = new Audio();
  player.preload = 'none';
  const total = file.duration ?? 0;
  const time = h('span', { class: 'sound-time' }, durationOf(total));
  const line = h('span', { class: 'sound-line', 'aria-hidden': 'true' }, bars(file.file_unique_id ?? file.file_id));
  const button = h(
    'button',
    { type: 'button', class: 'sound-button', 'aria-label': `${t('play')}: ${label}` },
    icon('play'),
    icon('pause'),
  );
  const root = h(
    'div',
    { class: 'sound', role: 'group', 'aria-label': label },
    button,
    h('span', { class: 'sound-text' }, title ? h('span', { class: 'file-name' }, title) : line, time),
  );
  const show = () => {
    root.classList.toggle('playing', !player.paused);
    button.setAttribute('aria-label', `${player.paused ? t('play') : t('pause')}: ${label}`);
    const length = Number.isFinite(player.duration) && player.duration > 0 ? player.duration : total;
    root.style.setProperty('--played', length ? String(Math.min(1, player.currentTime / length)) : '0');
    time.textContent = durationOf(player.paused && !player.currentTime ? total : player.currentTime);
  };
  for (const event of ['play', 'pause', 'timeupdate', 'ended']) player.addEventListener(event, show);
  player.addEventListener('error', () => {
    time.textContent = t('fileGone');
  });
  button.addEventListener('click', () => {
    if (!player.src) player.src = fileAddress(file.file_id);
    if (player.paused) player.play().catch(() => undefined);
    else player.pause();
  });
  return root;
}

/** A waveform that is always the same for a file: the Bot API gives none. */
function bars(seed) {
  let state = Array.from(String(seed)).reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) >>> 0, 7);
  return Array.from({ length: 32 }, () => {
    state = (state * 1_103_515_245 + 12_345) >>> 0;
    return h('i', { style: { height: `${20 + ((state >>> 16) % 80)}%` } });
  });
}
