/** The page's own words, in the browser's language. What bots say comes from the bots. */

const WORDS = {
  title: ['Telegram на столе', 'Telegram on the desk'],
  left: ['Левая сторона', 'Left side'],
  right: ['Правая сторона', 'Right side'],
  switch: ['Чья сторона видна', 'Which side is shown'],
  offline: ['Нет связи со столом, подключаюсь…', 'The desk is out of reach, reconnecting…'],
  loading: ['Загрузка…', 'Loading…'],
  close: ['Закрыть', 'Close'],
  cancel: ['Отмена', 'Cancel'],
  back: ['Назад', 'Back'],
  save: ['Сохранить', 'Save'],
  add: ['Добавить', 'Add'],
  ok: ['Хорошо', 'OK'],
  more: ['Ещё', 'More'],
  open: ['Открыть', 'Open'],
  failed: ['Не получилось', 'That did not work'],

  chats: ['Чаты', 'Chats'],
  noChats: [
    'Пока нет ни одного чата. Они появятся, как только в каталоге будут боты.',
    'No chats yet. They appear as soon as the catalogue has bots.',
  ],
  pickChat: ['Выберите чат', 'Choose a chat'],
  bot: ['бот', 'bot'],
  group: ['группа', 'group'],
  typing: ['печатает…', 'typing…'],
  upload_photo: ['отправляет фото…', 'sending a photo…'],
  upload_document: ['отправляет файл…', 'sending a file…'],
  record_voice: ['записывает голос…', 'recording a voice message…'],
  draftMark: ['пишет…', 'writing…'],
  thinking: ['Думает…', 'Thinking…'],
  draftOf: ['Черновик ответа', 'Draft of the answer'],

  person: ['Кто здесь', 'Who is here'],
  choosePerson: ['Сменить человека', 'Change the person'],
  newPerson: ['Новый человек', 'New person'],
  firstName: ['Имя', 'First name'],
  lastName: ['Фамилия (необязательно)', 'Last name (optional)'],
  username: ['Имя пользователя (необязательно)', 'Username (optional)'],
  language: ['Язык Telegram', 'Language of Telegram'],
  russian: ['Русский', 'Russian'],
  english: ['Английский', 'English'],
  starsBalance: ['{name}: ⭐ {count}', '{name}: ⭐ {count}'],
  moreStars: ['Ещё {count} звёзд', '{count} more Stars'],

  newGroup: ['Новая группа', 'New group'],
  groupTitle: ['Название группы', 'Name of the group'],
  isForum: ['С темами (форум)', 'With topics (a forum)'],
  members: ['Участники', 'Members'],
  membersOf: ['Участники группы', 'Members of the group'],
  addMember: ['Добавить человека', 'Add a person'],
  addBot: ['Добавить бота', 'Add a bot'],
  status_creator: ['владелец', 'owner'],
  status_administrator: ['администратор', 'admin'],
  status_member: ['участник', 'member'],
  status_restricted: ['ограничен', 'restricted'],
  status_left: ['не в группе', 'not in the group'],
  status_kicked: ['исключён', 'removed'],
  everyRight: ['админ, все права', 'admin, all rights'],
  someRight: ['админ без прав', 'admin, no rights'],

  general: ['Общая тема', 'General'],
  topics: ['Темы', 'Topics'],
  newTopic: ['Новая тема', 'New topic'],
  topicName: ['Название темы', 'Name of the topic'],
  closeTopic: ['Закрыть тему', 'Close the topic'],
  reopenTopic: ['Открыть тему снова', 'Reopen the topic'],
  deleteTopic: ['Удалить тему', 'Delete the topic'],
  topicClosed: ['Тема закрыта', 'The topic is closed'],
  deleteTopicSure: ['Удалить тему «{name}» со всеми сообщениями?', 'Delete the topic “{name}” with all its messages?'],

  start: ['Начать', 'Start'],
  unblock: ['Разблокировать', 'Unblock'],
  blockBot: ['Остановить и заблокировать', 'Stop and block'],
  unblockBot: ['Разблокировать бота', 'Unblock the bot'],
  whatCanBot: ['Что умеет этот бот?', 'What can this bot do?'],
  noMessages: ['Здесь пока пусто', 'Nothing here yet'],
  message: ['Сообщение', 'Message'],
  send: ['Отправить', 'Send'],
  attach: ['Прикрепить', 'Attach'],
  photoOrVideo: ['Фото или видео', 'Photo or video'],
  file: ['Файл', 'File'],
  myContact: ['Мой контакт', 'My contact'],
  location: ['Место', 'Location'],
  stickers: ['Стикеры', 'Stickers'],
  sendSticker: ['Стикер {emoji}', 'Sticker {emoji}'],
  recordVoice: ['Записать голосовое', 'Record a voice message'],
  stopRecording: ['Отправить запись', 'Send the recording'],
  dropRecording: ['Выбросить запись', 'Discard the recording'],
  noMicrophone: [
    'Микрофон недоступен. Звуковой файл можно прикрепить.',
    'No microphone here. You can attach a sound file.',
  ],
  botKeyboard: ['Клавиатура бота', 'Bot keyboard'],
  commands: ['Команды', 'Commands'],
  menu: ['Меню', 'Menu'],
  caption: ['Подпись', 'Caption'],
  sendAsFile: ['Отправить как файл', 'Send as a file'],
  sendFiles: ['Отправить файлы', 'Send files'],
  replyTo: ['Ответ: {name}', 'Reply to {name}'],
  editing: ['Изменение сообщения', 'Editing a message'],

  edited: ['изменено', 'edited'],
  deletedMessage: ['Сообщение удалено', 'Message deleted'],
  actions: ['Действия с сообщением', 'Message actions'],
  reply: ['Ответить', 'Reply'],
  edit: ['Изменить', 'Edit'],
  copyText: ['Скопировать текст', 'Copy the text'],
  copied: ['Скопировано', 'Copied'],
  pin: ['Закрепить', 'Pin'],
  unpin: ['Открепить', 'Unpin'],
  remove: ['Удалить', 'Delete'],
  reactWith: ['Реакция {emoji}', 'React with {emoji}'],
  pinned: ['Закреплённое сообщение', 'Pinned message'],
  forwarded: ['Переслано от: {name}', 'Forwarded from {name}'],
  toBottom: ['К последним сообщениям', 'To the latest messages'],
  spoiler: ['Показать скрытое', 'Show what is hidden'],

  photo: ['Фото', 'Photo'],
  album: ['Альбом', 'Album'],
  video: ['Видео', 'Video'],
  animation: ['GIF', 'GIF'],
  videoNote: ['Видеосообщение', 'Video message'],
  voice: ['Голосовое сообщение', 'Voice message'],
  audio: ['Аудио', 'Audio'],
  document: ['Файл', 'File'],
  sticker: ['Стикер', 'Sticker'],
  contact: ['Контакт', 'Contact'],
  play: ['Слушать', 'Play'],
  pause: ['Пауза', 'Pause'],
  fileGone: ['файл недоступен', 'the file is not available'],
  unsupported: ['Сообщение, которого эта страница не показывает', 'A message that this page does not show'],

  joined: ['{name} теперь в группе', '{name} joined the group'],
  leftGroup: ['{name} больше не в группе', '{name} left the group'],
  groupCreated: ['Создана группа «{name}»', 'The group “{name}” was created'],
  titleChanged: ['Теперь группа называется «{name}»', 'The group is now called “{name}”'],
  topicCreated: ['Создана тема «{name}»', 'The topic “{name}” was created'],
  topicRenamed: ['Тема изменена: «{name}»', 'The topic was changed: “{name}”'],
  topicWasClosed: ['Тема закрыта', 'The topic was closed'],
  topicReopened: ['Тема снова открыта', 'The topic was reopened'],
  pinnedService: ['{name}: закреплено «{text}»', '{name} pinned “{text}”'],
  chatShared: ['Вы поделились с ботом группой', 'You shared a group with the bot'],
  usersShared: ['Вы поделились с ботом людьми', 'You shared people with the bot'],
  writeAllowed: ['Вы разрешили боту писать вам', 'You allowed the bot to write to you'],
  dataSent: ['Данные переданы боту: «{name}»', 'Data was sent to the bot: “{name}”'],
  paid: ['Вы оплатили {amount}: {title}', 'You paid {amount}: {title}'],
  refunded: ['Вам вернули {amount}', '{amount} was refunded to you'],
  autoDelete: ['Таймер автоудаления изменён', 'The auto-delete timer was changed'],
  serviceOther: ['Служебное сообщение', 'Service message'],

  pressing: ['Бот не ответил', 'The bot did not answer'],
  openLink: ['Открыть ссылку?', 'Open the link?'],
  unknownBot: ['Такого бота на столе нет: {name}', 'There is no such bot on the desk: {name}'],
  inlineMissing: ['Встроенных запросов на этом столе нет', 'There are no inline queries on this desk'],

  shareContact: [
    'Передать боту «{name}» свой номер телефона {phone}?',
    'Share your phone number {phone} with “{name}”?',
  ],
  share: ['Передать', 'Share'],
  requestChat: ['Выберите группу', 'Choose a group'],
  requestChatEmpty: ['Подходящей группы нет. Создайте её.', 'There is no suitable group. Create one.'],
  requestRights: ['Бот «{bot}» станет администратором группы «{group}».', '“{bot}” will become an admin of “{group}”.'],
  requestMember: ['Бот «{bot}» будет добавлен в группу «{group}».', '“{bot}” will be added to “{group}”.'],

  invoice: ['Счёт', 'Invoice'],
  pay: ['Оплатить {amount}', 'Pay {amount}'],
  payOnce: [
    'Оплата звёздами Telegram. Звёзды на этом столе ненастоящие.',
    'Payment in Telegram Stars. The Stars on this desk are not real.',
  ],
  everyMonth: ['каждые 30 дней', 'every 30 days'],
  paidToast: ['Оплачено', 'Paid'],
  pay_BALANCE_TOO_LOW: [
    'Не хватает звёзд. Их можно добавить в меню под именем.',
    'Not enough Stars. You can add some in the menu under the name.',
  ],
  pay_BOT_PRECHECKOUT_TIMEOUT: ['Бот не ответил за десять секунд.', 'The bot did not answer within ten seconds.'],
  payFailed: ['Платёж не прошёл', 'The payment failed'],

  reload: ['Обновить', 'Reload'],
  settings: ['Настройки', 'Settings'],
  miniApp: ['Мини-приложение «{name}»', 'Mini App “{name}”'],
  closeApp: ['Закрыть приложение', 'Close the app'],
  closeSure: ['Изменения могут не сохраниться. Закрыть приложение?', 'Changes may be lost. Close the app?'],
  appWrite: ['Разрешить «{name}» писать вам?', 'Allow “{name}” to message you?'],
  allow: ['Разрешить', 'Allow'],
};

export const language = (navigator.language || 'en').toLowerCase().startsWith('ru') ? 'ru' : 'en';
const column = language === 'ru' ? 0 : 1;

/** The words under `key` with `{placeholders}` filled in. */
export function t(key, values = {}) {
  const words = WORDS[key];
  if (!words) return key;
  return words[column].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Whether there are words for this key; for names that come from outside. */
export const knows = (key) => Object.hasOwn(WORDS, key);

const clock = new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(language, { weekday: 'short' });
const date = new Intl.DateTimeFormat(language, { day: '2-digit', month: '2-digit', year: '2-digit' });
const longDate = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long' });

/** `seconds`: Unix time. */
export const timeOf = (seconds) => clock.format(seconds * 1000);

/** The day as a chat's dividing line. */
export const dayOf = (seconds) => longDate.format(seconds * 1000);

export const dayKey = (seconds) => new Date(seconds * 1000).toDateString();

/** Time today, weekday in the last week, else the date. */
export function shortTime(seconds) {
  const age = Date.now() / 1000 - seconds;
  if (dayKey(seconds) === new Date().toDateString()) return timeOf(seconds);
  return age < 6 * 86_400 ? weekday.format(seconds * 1000) : date.format(seconds * 1000);
}

const plural = new Intl.PluralRules(language);

/** “3 members” in the page's language. */
export function memberCount(count) {
  const forms =
    language === 'ru'
      ? { one: 'участник', few: 'участника', many: 'участников', other: 'участника' }
      : { one: 'member', other: 'members' };
  return `${count} ${forms[plural.select(count)] ?? forms.other}`;
}

/** An amount as people see it: Stars, or money in minor units. */
export function amountOf(total, currency) {
  if (currency === 'XTR') return `⭐ ${total}`;
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  return format.format(total / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A size in bytes as people read it. */
export function sizeOf(bytes) {
  const units = language === 'ru' ? ['Б', 'КБ', 'МБ', 'ГБ'] : ['B', 'KB', 'MB', 'GB'];
  let unit = 0;
  let size = bytes ?? 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size.toFixed(unit && size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** 0:07 */
export const durationOf = (seconds) =>
  `${Math.floor((seconds || 0) / 60)}:${String(Math.floor((seconds || 0) % 60)).padStart(2, '0')}`;
