// What a shop adds to its pages.
window.nightdeskSettings = { position: "right", darkMode: "auto", useBrowserLanguage: true };
window.nightdeskSDK.run({ websiteToken: "demo", baseUrl: location.origin });
