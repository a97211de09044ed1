/** Who sits in a pane: chosen from those the desk knows, or made up. */

import * as api from './api.js';
import { icon, h } from './dom.js';
import { language, t } from './i18n.js';
import { avatar, nameOf } from './names.js';

const MORE_STARS = 1_000;

/** The menu under the person's name. */
export async function peopleMenu(pane, at) {
  await pane.dialogs.attempt(() => pane.desk.load());
  const count = pane.person && (await pane.dialogs.attempt(() => api.stars(pane.person.id)))?.balance;
  const entries = pane.desk.people.map((person) => ({
    label: `${nameOf(person)}${person.language_code ? ` · ${person.language_code}` : ''}`,
    icon:
      person.id === pane.person?.id
        ? h('span', { class: 'checked-avatar' }, avatar(person, { size: 's' }), icon('check'))
        : avatar(person, { size: 's' }),
    run: () => pane.sit(person),
  }));
  const more = typeof count === 'number' && {
    label: t('moreStars', { count: MORE_STARS }),
    icon: h('span', { class: 'menu-emoji', 'aria-hidden': 'true' }, '⭐'),
    run: () => pane.dialogs.attempt(() => api.setStars(pane.person.id, count + MORE_STARS)),
  };
  await pane.dialogs.menu(
    [...entries, { label: t('newPerson'), icon: icon('plus'), run: () => makePerson(pane) }, more],
    at,
    {
      label: t('choosePerson'),
      head: () =>
        typeof count === 'number' &&
        h('div', { class: 'menu-note' }, t('starsBalance', { name: nameOf(pane.person), count })),
    },
  );
}

export async function makePerson(pane) {
  const values = await pane.dialogs.form(
    t('newPerson'),
    [
      { name: 'first_name', label: t('firstName'), required: true },
      { name: 'last_name', label: t('lastName') },
      { name: 'username', label: t('username'), max: 32 },
      {
        name: 'language_code',
        label: t('language'),
        type: 'select',
        value: language,
        options: [
          ['ru', t('russian')],
          ['en', t('english')],
        ],
      },
    ],
    { yes: t('add') },
  );
  if (!values) return;
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  const person = {
    id: 1_000_000_000 + (random % 1_000_000_000),
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value)),
  };
  if (person.username) person.username = person.username.replace(/^@/, '');
  await pane.dialogs.attempt(async () => {
    await api.savePerson(person);
    await pane.desk.load();
    await pane.sit(pane.desk.person(person.id) ?? person);
  });
}

/** A telephone number that nobody has, always the same for a person. */
export function phoneOf(person) {
  if (person.phone_number) return person.phone_number;
  return person.language_code === 'ru'
    ? `+7999${String(person.id % 10_000_000).padStart(7, '0')}`
    : `+1202555${String(100 + (person.id % 100)).padStart(4, '0')}`;
}

export const contactOf = (person) => ({
  phone_number: phoneOf(person),
  first_name: person.first_name,
  ...(person.last_name ? { last_name: person.last_name } : {}),
  user_id: person.id,
});
