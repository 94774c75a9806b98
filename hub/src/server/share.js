(function () {
  var share = document.getElementById("share");
  var copy = document.getElementById("copy");
  var words = document.getElementById("words");
  if (share && navigator.share && window.fetch) {
    var data = { text: share.dataset.text, url: share.dataset.link };
    share.hidden = false;
    // Fetched before the press: a share menu opens only at once.
    fetch(share.dataset.card)
      .then(function (answer) { return answer.ok ? answer.blob() : null; })
      .then(function (picture) {
        if (!picture || !window.File || !navigator.canShare) { return; }
        var files = [new File([picture], "card.jpg", { type: "image/jpeg" })];
        if (navigator.canShare({ files: files })) {
          data = { files: files, text: data.text + " " + data.url };
        }
      })
      .catch(function () {});
    share.onclick = function () { navigator.share(data).catch(function () {}); };
  }
  if (copy && words) {
    copy.hidden = false;
    copy.onclick = function () {
      var done = function () { copy.textContent = copy.dataset.done; };
      var old = function () { words.select(); if (document.execCommand("copy")) { done(); } };
      if (navigator.clipboard) {
        navigator.clipboard.writeText(words.value).then(done, old);
      } else { old(); }
    };
  }
})();
