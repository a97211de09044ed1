const PATHS = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  chevron: 'M9 5l7 7-7 7',
  spreads: 'M4 7.5l7-3 4.5 11-7 3zM12 6h5.5v12H13',
  history: 'M12 7v5l3.5 2M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.8V9h4.2',
  profile: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c1.2-3.6 4-5.4 7.5-5.4s6.3 1.8 7.5 5.4',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13zM12 14.5v2.5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M7 7l10 10M17 7L7 17',
  undo: 'M9 8L4.5 12.5 9 17M5 12.5h9a5 5 0 0 1 0 10h-1',
  spark: 'M12 3c.6 5.2 2.8 8 9 9-6.2 1-8.4 3.8-9 9-.6-5.2-2.8-8-9-9 6.2-1 8.4-3.8 9-9z',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 10.5v6M14 10.5v6',
  up: 'M7 11v9H4v-9zM7 11l4-7c1.5 0 2.5 1 2.3 2.6L12.8 10H18a2 2 0 0 1 2 2.4l-1.3 6A2 2 0 0 1 16.7 20H7',
  down: 'M17 13V4h3v9zM17 13l-4 7c-1.5 0-2.5-1-2.3-2.6l.5-3.4H6a2 2 0 0 1-2-2.4l1.3-6A2 2 0 0 1 7.3 4H17',
  send: 'M12 19V5M6 11l6-6 6 6',
  cloud: 'M4 4l16 16M8 8.2A5 5 0 0 0 6.5 18H16m3.5-1.2A4 4 0 0 0 17 10h-.6A6 6 0 0 0 11 6',
  star: 'M12 3.5l2.5 5.6 6 .7-4.5 4.1 1.3 6L12 16.9 6.7 19.9l1.3-6L3.5 9.8l6-.7z',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 20.5a2.2 2.2 0 0 0 4 0',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
