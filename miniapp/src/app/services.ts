import { createContext, useContext } from 'react';
import type { Api } from '@/api/client';
import type { Session } from '@/api/session';
import type { Platform } from '@/platform';
import type { PageProject } from './project';

/** What lives as long as the page: built once in `main.tsx`. */
export interface Services {
  project: PageProject;
  platform: Platform;
  session: Session;
  api: Api;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('useServices outside of ServicesContext');
  return services;
}
