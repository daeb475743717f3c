package train

// For tests outside the package.
var ClassFolder, ImageFolder = classFolder, imageFolder
