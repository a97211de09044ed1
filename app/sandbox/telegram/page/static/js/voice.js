/** Voice messages from the microphone. */

import * as api from './api.js';
import { fill, h, iconButton } from './dom.js';
import { durationOf, t } from './i18n.js';

// What Telegram takes as a voice message comes first; browsers differ in what they can write.
const FORMATS = ['audio/ogg;codecs=opus', 'audio/mp4', 'audio/webm;codecs=opus'];

export function recorder(host, reply) {
  const button = iconButton('mic', t('recordVoice'), start, { class: 'send-button' });
  const element = h('div', { class: 'recording', hidden: true });

  async function start() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      host.dialogs.toast(t('noMicrophone'));
      return;
    }
    const type = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    const writer = new MediaRecorder(stream, { mimeType: type });
    const parts = [];
    const began = Date.now();
    const seconds = () => Math.max(1, Math.round((Date.now() - began) / 1000));
    writer.ondataavailable = (event) => parts.push(event.data);
    writer.start();

    const time = h('span', { class: 'recording-time' }, durationOf(0));
    const timer = setInterval(() => {
      time.textContent = durationOf((Date.now() - began) / 1000);
    }, 250);
    const finish = (keep) => () => {
      const duration = seconds();
      clearInterval(timer);
      element.hidden = true;
      host.recording(false);
      writer.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        if (keep) void host.dialogs.attempt(() => send(new Blob(parts, { type: type.split(';')[0] }), duration));
      };
      writer.stop();
    };
    fill(
      element,
      iconButton('trash', t('dropRecording'), finish(false)),
      h('span', { class: 'recording-dot', 'aria-hidden': 'true' }),
      time,
      iconButton('send', t('stopRecording'), finish(true), { class: 'send-button' }),
    );
    element.hidden = false;
    host.recording(true);
    element.lastElementChild.focus();
  }

  async function send(blob, duration) {
    const extension = blob.type.split('/')[1] || 'ogg';
    const voice = await api.upload(blob, `voice.${extension}`, 'voice');
    await host.say({ voice, duration, ...reply() });
  }

  return { button, element };
}
