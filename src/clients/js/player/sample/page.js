import {RecordingPlayer} from './keybroker/player/player.js';

const element = (id) => document.getElementById(id);
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

async function ask(path, body) {
  const post = {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
  let response;
  try {
    response = await fetch(path, body && post);
  } catch {
    throw new Error('the application cannot be reached');
  }
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(response.status === 503 ? 'the key broker is not available, try again later' : answer.error);
  }
  return answer;
}

/** What a person can do about it. */
function explain({reason, message, segment, segments, recording}) {
  const place = segment === undefined ? '' : ` at segment ${segment + 1} of ${segments ?? segment + 1}`;
  const texts = {
    FORMAT: 'The file is not an encrypted recording, or its header is damaged.',
    CONTEXT: 'The file is the one of another recording.',
    KEY: 'The key is not the one of this recording.',
    BODY: `The recording is damaged or was changed${place}, so it is not played from there.`,
    STORAGE: `The recording cannot be loaded: ${message}.`,
    APPLICATION: `The key cannot be obtained: ${message}.`,
  };
  return `${recording.title}: ${texts[reason] ?? `It cannot be played: ${message}.`}`;
}

function show(player, recording) {
  const item = document.createElement('li');
  const title = document.createElement('h2');
  title.id = `title-${crypto.randomUUID()}`;
  title.textContent = recording.title;
  const media = document.createElement(recording.mediaType?.startsWith('video/') ? 'video' : 'audio');
  media.controls = true;
  media.preload = 'none';
  media.setAttribute('aria-labelledby', title.id);
  media.src = player.add(recording);
  item.append(title, media);
  element('recordings').append(item);
}

try {
  const player = await RecordingPlayer.start({
    worker: 'worker.js',
    async getSealedDek({id}, {wrappedDek, publicKey}) {
      const body = {wrappedDek: toBase64(wrappedDek), publicKey: toBase64(publicKey)};
      return fromBase64((await ask(`recordings/${encodeURIComponent(id)}/key`, body)).sealedDek);
    },
  });
  player.addEventListener('failure', ({detail}) => {
    const text = explain(detail);
    // A media element may try again by itself, and a screen reader should say it once.
    if (element('failure').textContent !== text) {
      element('failure').textContent = text;
    }
  });
  element('logout').addEventListener('click', () => {
    player.close();
    element('recordings').replaceChildren();
    element('status').textContent = 'Logged out. All keys are forgotten.';
    element('failure').textContent = '';
  });
  const recordings = await ask('recordings');
  for (const {id, title, mediaType} of recordings) {
    const url = async () => (await ask(`recordings/${encodeURIComponent(id)}/url`, {})).url;
    show(player, {id, title, mediaType, url});
  }
  element('status').textContent = recordings.length === 0 ? 'There are no recordings.' : `${recordings.length} recordings`;
} catch (e) {
  element('status').textContent = '';
  element('failure').textContent = `The recordings cannot be played: ${e.message}.`;
}
