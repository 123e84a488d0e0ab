import { fileURLToPath } from 'node:url';

const asset = (name: string): string => fileURLToPath(new URL(`../../assets/sandbox/${name}`, import.meta.url));

/** Paths of the files that come with the sandbox: something to send when there is nothing at hand. */
export const sampleFiles = {
  photo: asset('photo.jpg'),
  voiceNote: asset('voice-note.ogg'),
  contract: asset('contract.pdf'),
};
