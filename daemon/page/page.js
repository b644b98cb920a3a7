'use strict';
/* Asks for the page again and puts what differs into the one that is shown: no flicker, and what is
   open, scrolled or has the focus stays. */
(() => {
  const EVERY = 5000;
  let seen = new Date();
  const bySameName = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName;
  function attributes(old, now) {
    for (const {name} of [...old.attributes])
      if (!now.hasAttribute(name) && !(old.nodeName === 'DETAILS' && name === 'open')) old.removeAttribute(name);
    for (const {name, value} of now.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  function become(old, now) {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue;
      return;
    }
    attributes(old, now);
    const had = [...old.childNodes], has = [...now.childNodes];
    has.forEach((node, i) => {
      const there = had[i];
      if (!there) old.append(document.importNode(node, true));
      else if (bySameName(there, node)) become(there, node);
      else there.replaceWith(document.importNode(node, true));
    });
    had.slice(has.length).forEach(node => node.remove());
  }
  function lose(why) {
    const lost = document.getElementById('lost');
    const words = `${why} What you see is of ${seen.toLocaleTimeString()} and may not hold any more.`;
    if (lost.textContent !== words) lost.textContent = words;
    lost.hidden = false;
    document.body.classList.add('old');
  }
  async function look() {
    try {
      const reply = await fetch(location.href, {cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(EVERY)});
      if (!reply.ok) return lose(`billingd answers ${reply.status}.`);
      const now = new DOMParser().parseFromString(await reply.text(), 'text/html');
      for (const part of ['header', 'main', 'footer'])
        become(document.querySelector(`body > ${part}`), now.querySelector(`body > ${part}`));
      document.title = now.title;
      document.getElementById('lost').hidden = true;
      document.body.classList.remove('old');
      seen = new Date();
    } catch (error) {
      lose('billingd does not answer.');
    }
  }
  async function run() {
    if (!document.hidden) await look();
    setTimeout(run, EVERY);
  }
  document.addEventListener('visibilitychange', () => document.hidden || look());
  setTimeout(run, EVERY);
})();
