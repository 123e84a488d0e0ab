import type { Desk } from '../../core/desk.ts';
import type { DeskParts } from './parts.ts';

export const userDesk = ({ users }: DeskParts): Pick<Desk, 'login' | 'logout'> => ({
  login: users.login,
  logout: users.logout,
});
